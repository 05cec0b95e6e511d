package soak

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// soakFor names how long the soak takes; without it, it is a sample.
const soakFor = "HELIX_SOAK_FOR"

// lateOf is of how many slash commands one may be late.
const lateOf = 10

// shortest is the soak that says anything about trends.
const shortest = time.Minute

func length(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv(soakFor)
	switch {
	case text == "" && raceDetector:
		return 15 * time.Second
	case text == "":
		return 2 * time.Minute
	}
	long, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s: %v", soakFor, err)
	}
	return long
}

// kept is for how long helix keeps answers, so that pages can be turned: what it
// holds grows until then.
const kept = 15 * time.Minute

// partsOf answers in how many parts a soak is looked at, and how many of them are
// for warming up.
func partsOf(long time.Duration) (parts, warm int) {
	switch {
	case long < shortest:
		return 1, 0
	case long < kept:
		return 7, 1
	}
	parts = 15
	return parts, min(int(kept*time.Duration(parts)/long), parts/2)
}

// TestSoak talks to helix at 50 messages a second, and holds that nothing grows,
// every message is answered once or refused in words, and nothing unexplained is
// logged. A plain run takes two minutes, and 15 seconds under the race detector, in
// which only answers and the log are judged. The whole:
//
//	HELIX_SOAK_FOR=30m go test ./internal/soak -run Soak -timeout 1h -v
func TestSoak(t *testing.T) {
	long := length(t)
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	seed(t, w.server.Client())
	ended := make(chan error, 1)
	go func() { ended <- traffic(ctx, w.server.Client()) }()
	s := newSoak(w)
	parts, warm := partsOf(long)
	for part := range parts {
		s.talk(t, long*time.Duration(part+1)/time.Duration(parts))
		s.rest(t)
		t.Logf("%v of talk: %d messages, %.0f MiB", s.talked.Round(time.Second), s.said, medianOf(s.figures.rss.parts[part:]))
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	s.judge(t, long, warm)
	w.stop(t)
	if lines := unexplained(w.log.String()); len(lines) > 0 {
		t.Errorf("%d lines of the log are unexplained:\n%s", len(lines), strings.Join(lines[:min(len(lines), 60)], "\n"))
	}
}

// judge says what came of it.
func (s *soak) judge(t *testing.T, long time.Duration, warm int) {
	t.Helper()
	t.Logf("in %v: %d messages, %d of them refused in words for want of room, %d not said as too many were unanswered, %d buttons, %d slash commands (%d late), %d completions", long, s.said, s.limited, s.unsaid, s.pressed, s.slashed, s.late, s.completed)
	if s.late > max(s.slashed/lateOf, 3) {
		t.Errorf("%d of %d slash commands had no answer in time", s.late, s.slashed)
	}
	for what, f := range s.faults {
		t.Errorf("%d times wrong: %s: at first, %s", f.times, what, f.first)
	}
	t.Logf("messages of incidents: %d", strings.Count(s.In(opsRoom).Transcript(), "helix> "))
	for _, f := range s.figures.all() {
		got := trendOf(f.parts[warm:])
		t.Logf("%s: %v, %.1f", f.name, got, f.parts)
		if long >= shortest && got.grows(f.allowed) {
			t.Errorf("%s grows: %v, where %.0f is allowed", f.name, got, f.allowed)
		}
	}
}
