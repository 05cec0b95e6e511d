package probe

import (
	"testing"
	"time"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/sessions"
)

func TestSince(t *testing.T) {
	start := time.Unix(1_762_500_000, 0)
	at := func(server string, after time.Duration, evicted float64) reading {
		return reading{server: server, at: start.Add(after), counters: map[sample.Name]float64{sample.EvictedPerMin: evicted}}
	}
	for name, c := range map[string]struct {
		before, now reading
		uptime      time.Duration
		want        float64 // negative: not known
	}{
		"it goes on":                     {at("a", 0, 10), at("a", 30*time.Second, 40), time.Hour, 60},
		"nothing happens":                {at("a", 0, 10), at("a", 30*time.Second, 10), time.Hour, 0},
		"it was started again":           {at("a", 0, 1000), at("b", 30*time.Second, 5), 20 * time.Second, 10},
		"it was started again, for more": {at("a", 0, 1), at("b", 30*time.Second, 5), 20 * time.Second, 10},
		"the counters were reset":        {at("a", 0, 1000), at("a", time.Minute, 5), time.Hour, 5},
		"another took its place":         {at("a", 0, 10), at("b", 30*time.Second, 1e6), time.Hour, -1},
		"the clock goes back":            {at("a", time.Minute, 10), at("a", 0, 20), time.Hour, -1},
		"no time":                        {at("a", 0, 10), at("a", 0, 20), time.Hour, -1},
	} {
		rates := since(c.before, c.now, c.uptime)
		got, known := rates[sample.EvictedPerMin]
		if known != (c.want >= 0) || known && got != c.want {
			t.Errorf("%s: %v (%v), want %v", name, got, known, c.want)
		}
	}
}

func TestAnInstanceIsFollowed(t *testing.T) {
	start := time.Unix(1_762_500_000, 0)
	told := func(after time.Duration, created int64) sessions.Tallied {
		return sessions.Tallied{Counts: sessions.Counts{Created: created, Ended: created / 2}, At: start.Add(after)}
	}
	var i instance
	for _, step := range []struct {
		told  sessions.Tallied
		want  float64
		known bool
	}{
		{told(0, 100), 0, false}, // since when is not known
		{told(5*time.Second, 110), 120, true},
		{told(5*time.Second, 110), 120, true}, // it has told nothing since
		{told(65*time.Second, 130), 20, true},
	} {
		if i = follow(i, step.told); i.created != step.want || i.ended != step.want/2 || i.known != step.known {
			t.Errorf("after %+v: %+v", step.told, i)
		}
	}
}

func TestReplicasAreMissedForAnHour(t *testing.T) {
	var s seen
	start := time.Unix(1_762_500_000, 0)
	for _, step := range []struct {
		master string
		online int
		after  time.Duration
		want   float64
	}{
		{"a", 0, 0, 0},
		{"a", 2, time.Minute, 0},
		{"a", 1, 2 * time.Minute, 1},
		{"a", 2, 3 * time.Minute, 0}, // another in its place
		{"a", 0, 4 * time.Minute, 2},
		{"a", 0, 63 * time.Minute, 2},
		{"a", 0, 64 * time.Minute, 0},
		{"a", 1000, 65 * time.Minute, 0},
		{"a", 0, 66 * time.Minute, mostReplicas},
		{"b", 0, 67 * time.Minute, 0}, // another master
	} {
		if got := s.missing(step.master, step.online, start.Add(step.after)); got != step.want {
			t.Errorf("after %v: %v are missing, want %v", step.after, got, step.want)
		}
	}
}

func TestACensusIsDueWhenTheServersWereSpared(t *testing.T) {
	now := time.Unix(1_762_500_000, 0)
	for name, c := range map[string]struct {
		age, cost time.Duration
		keys      float64
		want      bool
	}{
		"a few sessions, at every probe": {15 * time.Second, 20 * time.Millisecond, 1e6, true},
		"a million, not yet":             {6 * time.Minute, 3 * time.Second, 1e6, false},
		"a million, not known":           {6 * time.Minute, 3 * time.Second, -1, false},
		"a million, and more":            {6 * time.Minute, 3 * time.Second, 9e6, false},
		"a million":                      {8 * time.Minute, 3 * time.Second, 1e6, true},
		"a million that are gone":        {time.Minute, 3 * time.Second, 10, true},
		"by a clock of the future":       {-time.Hour, time.Second, 1e6, true},
	} {
		if got := due(sessions.Census{At: now.Add(-c.age), Server: c.cost, Keys: 1e6}, now, c.keys); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestOnlySoManyEventsAreListenedTo(t *testing.T) {
	a, now := newAllowance(3), time.Unix(1_762_500_000, 0)
	for i, step := range []struct {
		after time.Duration
		want  bool
	}{{0, true}, {10 * time.Millisecond, true}, {900 * time.Millisecond, true}, {950 * time.Millisecond, false}, {1100 * time.Millisecond, true}} {
		if got := a.one(now.Add(step.after)); got != step.want {
			t.Errorf("event %d: %v", i, got)
		}
	}
}
