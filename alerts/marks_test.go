package alerts

import (
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
)

func TestARuleOfTheConfigurationSaysHowGraveItIs(t *testing.T) {
	for _, c := range []struct {
		text     string
		severity Severity
		hold     time.Duration // under an alerts.hold of 30s
		instant  bool
	}{
		{"flood: sessions > 5", Warning, 30 * time.Second, false},
		{"flood: sessions > 5 @warning", Warning, 30 * time.Second, false},
		{"flood: sessions > 5 @critical", Critical, 30 * time.Second, false},
		{"flood: sessions > 5  @hold=2m   @critical ", Critical, 2 * time.Minute, false},
		{"flood: sessions > 5 @critical @hold=0", Critical, 30 * time.Second, true},
		{"policy: maxmemory_policy == 'a @critical'", Warning, 30 * time.Second, false},
	} {
		r, err := customRule(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if r.Severity != c.severity || r.hold(values(t, "alerts.hold=30")) != c.hold || r.Instant != c.instant {
			t.Errorf("%s: %s after %s, at once %t", c.text, r.Severity, r.Hold, r.Instant)
		}
		if strings.Contains(r.Expression, "@hold") || strings.HasSuffix(r.Expression, "@critical") {
			t.Errorf("%s: its expression is %s", c.text, r.Expression)
		}
	}
}

func TestWrongMarksAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"a: up < 1 @grave":                     "a: `@grave` is no mark; there are @critical, @warning and @hold=2m",
		"a: up < 1 @critical=1":                "is no mark",
		"a: up < 1 @critical @warning":         "a: `@warning`: one severity is enough",
		"a: up < 1 @hold=1m @hold=2m":          "one hold is enough",
		"a: up < 1 @hold=2d":                   "a: `@hold=2d` is no time from 0 to 1d",
		"a: up < 1 @hold=-1":                   "is no time",
		"a: up < 1 @hold=":                     "is no time",
		"a: @critical up < 1":                  "a: ",
		"a: up < 1 @hold":                      "is no mark",
		"a: up < 1" + strings.Repeat(" @a", 9): "a: ",
	} {
		err := Check(t.Context(), nil, values(t, "alerts.rules="+text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// A mark goes before alerts.hold, and what is critical calls.
func TestMarksOfARuleAreFollowed(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.hold=0")
	r.knobs.snapshot = values(t, "alerts.hold=0", "alerts.session_count.enabled=false",
		"alerts.rules=grave: sessions > 5000 @critical,slow: sessions > 5000 @hold=20s")
	r.set(crowded())
	r.look()
	if open := r.open(); len(open) != 1 || open[0].Rule != "grave" || open[0].Severity != Critical {
		t.Fatalf("open are %v", open)
	}
	r.pass(15 * time.Second)
	if open := r.open(); len(open) != 1 {
		t.Errorf("open after 15s are %v", open)
	}
	r.pass(15 * time.Second)
	if open := r.open(); len(open) != 2 {
		t.Errorf("open after 30s are %v", open)
	}
}
