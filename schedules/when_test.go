package schedules_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/schedules"
)

func TestParse(t *testing.T) {
	for spec, want := range map[string]string{
		"1h": "1h", "15m": "15m", "90m": "1h30m", "1h30m": "1h30m", "1d": "1d", "hour": "1h", "day": "1d", "2 hours": "2h",
		"15 minutes": "15m", "10 min": "10m", "300s": "5m", "7d": "7d", "1H": "1h", "  1h  ": "1h",
		"day at 09:00": "day at 09:00 UTC", "day at 9:05 utc": "day at 09:05 UTC", "day at 23:59": "day at 23:59 UTC", "day at 00:00": "day at 00:00 UTC",
		"1h in channel:123456789012345678":   "1h in 123456789012345678",
		"day at 09:00 in 123456789012345678": "day at 09:00 UTC in 123456789012345678",
		"4m59s":                              "every 5 minutes at most",
		"8d":                                 "every 7 days at least",
		"99999d":                             "every 7 days at least",
		"":                                   "no time between two runs",
		"soon":                               "`soon` is no time between two runs",
		"1h x":                               "no time between two runs",
		"-1h":                                "no time between two runs",
		"1.5h":                               "no time between two runs",
		"9999999m":                           "no time between two runs",
		"day at":                             "the time is UTC",
		"day at 24:00":                       "no time of the day",
		"day at 9":                           "no time of the day",
		"day at 09:00 cet":                   "the time is UTC",
		"1h in":                              "one channel",
		"1h in #ops":                         "`#ops` is no channel",
		"1h in user:123456789012345678":      "is no channel",
		"1h in channel:123456789012345678 and there": "one channel",
	} {
		w, channel, err := schedules.Parse(spec)
		got := w.String()
		if channel != "" {
			got += " in " + channel
		}
		wrong := (*schedules.SpecError)(nil)
		switch {
		case err == nil && got != want:
			t.Errorf("%q is %q, want %q", spec, got, want)
		case err != nil && !(errors.As(err, &wrong) && strings.Contains(wrong.Reason, want)):
			t.Errorf("%q: %v, want %q", spec, err, want)
		}
	}
}

func at(clock string) time.Time {
	t, err := time.Parse("2006-01-02 15:04:05", "2026-03-"+clock)
	if err != nil {
		panic(err)
	}
	return t
}

func TestDue(t *testing.T) {
	hourly, daily := schedules.When{Every: time.Hour}, schedules.When{Daily: true, At: 9 * time.Hour}
	short := schedules.When{Every: 5 * time.Minute}
	for _, tt := range []struct {
		name             string
		when             schedules.When
		made, now, tried string
		paused           string
		want             string // empty: not due
	}{
		{"not before its first time", hourly, "01 10:00:00", "01 10:59:59", "", "", ""},
		{"not when it is made", hourly, "01 10:00:00", "01 10:00:00", "", "", ""},
		{"at its first time", hourly, "01 10:00:00", "01 11:00:00", "", "", "01 11:00:00"},
		{"a little later", hourly, "01 10:00:30", "01 13:09:00", "", "", "01 13:00:30"},
		{"not once more", hourly, "01 10:00:00", "01 11:00:05", "01 11:00:00", "", ""},
		{"again an hour later", hourly, "01 10:00:00", "01 12:00:01", "01 11:00:00", "", "01 12:00:00"},
		{"missed, so not made up for", hourly, "01 10:00:00", "01 11:10:01", "", "", ""},
		{"missed many: the last alone", hourly, "01 10:00:00", "02 11:05:00", "01 11:00:00", "", "02 11:00:00"},
		{"half its time is the most", short, "01 10:00:00", "01 10:07:31", "", "", ""},
		{"and up to that it is due", short, "01 10:00:00", "01 10:07:30", "", "", "01 10:05:00"},
		{"not while it pauses", hourly, "01 10:00:00", "01 11:00:00", "", "failed", ""},
		{"daily, the same day", daily, "01 08:00:00", "01 09:00:00", "", "", "01 09:00:00"},
		{"daily, not before", daily, "01 08:00:00", "01 08:59:59", "", "", ""},
		{"daily, made too late for the day", daily, "01 09:00:01", "01 09:05:00", "", "", ""},
		{"daily, the day after", daily, "01 09:00:01", "02 09:05:00", "", "", "02 09:00:00"},
		{"daily, missed", daily, "01 08:00:00", "02 09:10:01", "", "", ""},
		{"a clock that went back", hourly, "01 10:00:00", "01 09:00:00", "", "", ""},
		{"never", schedules.When{}, "01 10:00:00", "02 10:00:00", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := schedules.Schedule{When: tt.when, Made: at(tt.made), Paused: tt.paused}
			var tried time.Time
			if tt.tried != "" {
				tried = at(tt.tried)
			}
			run, due := s.Due(at(tt.now), tried)
			if due != (tt.want != "") || due && !run.Equal(at(tt.want)) {
				t.Errorf("due %v for %v, want %q", due, run, tt.want)
			}
		})
	}
}

func TestNext(t *testing.T) {
	for _, tt := range []struct {
		when            schedules.When
		made, now, want string
	}{
		{schedules.When{Every: time.Hour}, "01 10:00:00", "01 10:00:00", "01 11:00:00"},
		{schedules.When{Every: time.Hour}, "01 10:00:00", "01 11:00:00", "01 12:00:00"},
		{schedules.When{Every: time.Hour}, "01 10:00:00", "05 11:30:00", "05 12:00:00"},
		{schedules.When{Daily: true, At: 9 * time.Hour}, "01 08:00:00", "01 08:30:00", "01 09:00:00"},
		{schedules.When{Daily: true, At: 9 * time.Hour}, "01 09:00:00", "01 09:30:00", "02 09:00:00"},
		{schedules.When{Daily: true, At: 9 * time.Hour}, "01 08:00:00", "03 10:00:00", "04 09:00:00"},
	} {
		s := schedules.Schedule{When: tt.when, Made: at(tt.made)}
		if got := s.Next(at(tt.now)); !got.Equal(at(tt.want)) {
			t.Errorf("%v made %s: after %s comes %v, want %s", tt.when, tt.made, tt.now, got, tt.want)
		}
	}
}
