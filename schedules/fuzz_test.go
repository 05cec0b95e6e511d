package schedules_test

import (
	"errors"
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/schedules"
)

// FuzzParse holds that what says when a line runs is within the bounds or refused
// in words, and that a schedule prints as what reads as itself.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"1h", "15 minutes in channel:123456789012345678", "day at 09:00", "day at 24:00 utc", "1h in", "99999d99999d", "5m 300s", "hour", "day", "in in in"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		w, channel, err := schedules.Parse(spec)
		var wrong *schedules.SpecError
		if err != nil {
			if !errors.As(err, &wrong) || wrong.Reason == "" {
				t.Errorf("%q: %v", spec, err)
			}
			return
		}
		if !w.Daily && (w.Every < schedules.Shortest || w.Every > schedules.Longest) || len(channel) > 20 {
			t.Errorf("%q is every %v in %q", spec, w.Every, channel)
		}
		if again, _, err := schedules.Parse(w.String()); err != nil || again != w {
			t.Errorf("%q prints as %q, which is %+v, %v", spec, w, again, err)
		}
	})
}

// FuzzKept holds that no record, whoever wrote it, is a schedule beyond the bounds.
func FuzzKept(f *testing.F) {
	f.Add(`{"schema":1,"line":"!redis dbsize","when":{"every":3600000000000},"guild":"1","channel":"2","author":"3","made":"2026-01-01T00:00:00Z"}`)
	f.Add(`{"schema":1,"when":{"every":1}}`)
	f.Add(`{"schema":1,"line":"x","when":{"daily":true,"at":-1},"guild":"1","channel":"2","author":"3"}`)
	m := miniredis.RunT(f)
	client := redis.NewClient(&redis.Options{Addr: m.Addr()})
	f.Cleanup(func() { client.Close() })
	store := schedules.Open(client)
	f.Fuzz(func(t *testing.T, record string) {
		m.HSet(schedules.OwnKeys()[0], "abcde", record)
		all, err := store.All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range all {
			if s.Author == "" || !s.When.Daily && s.When.Every < schedules.Shortest || len(s.Line) > schedules.MaxLine {
				t.Errorf("%s is %+v", record, s)
			}
		}
	})
}
