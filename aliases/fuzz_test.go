package aliases_test

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/aliases"
)

// FuzzKept holds that no record, whoever wrote it, is an alias beyond the bounds.
func FuzzKept(f *testing.F) {
	f.Add("count", `{"schema":1,"line":"redis dbsize","by":"local","at":"2026-01-01T00:00:00Z"}`)
	f.Add("a b", `{"schema":1,"line":"x"}`)
	f.Add("@schema", `9`)
	m := miniredis.RunT(f)
	client := redis.NewClient(&redis.Options{Addr: m.Addr()})
	f.Cleanup(func() { client.Close() })
	f.Fuzz(func(t *testing.T, name, record string) {
		m.Del(aliases.OwnKeys()[0])
		m.HSet(aliases.OwnKeys()[0], name, record)
		all, err := aliases.Open(client).All(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for known, a := range all {
			if known != name || !aliases.IsName(known) || len(a.Line) > aliases.MaxLine {
				t.Errorf("%q, %s is %+v", name, record, a)
			}
		}
	})
}
