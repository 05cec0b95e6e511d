package alerts

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sample"
)

// early measures by a clock that is an hour behind ours.
type early struct{ rig *rig }

func (e early) Probe(ctx context.Context) (sample.Sample, error) {
	s, err := e.rig.probe.Probe(ctx)
	s.At = e.rig.clock.now.Add(-time.Hour)
	return s, err
}

// growing is half an hour of memory that is full in less than six.
func growing(now time.Time) (past []sample.Sample) {
	for i := range 120 {
		past = append(past, sample.Sample{At: now.Add(time.Duration(i-120) * 15 * time.Second), Values: map[sample.Name]float64{
			sample.MemoryUsed: 50<<20 + 50<<10*float64(i), sample.MaxMemory: 100 << 20,
		}})
	}
	return past
}

// What was measured before a start, or by who ran before, goes on: once it can be
// read, and once in a run.
func TestGrowthIsForeseenAcrossRuns(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client())
	r.set(map[sample.Name]float64{sample.MemoryUsed: 50<<20 + 50<<10*120, sample.MaxMemory: 100 << 20})
	asked, fails := 0, true
	r.restart(func(o *Options) {
		o.Prober = early{r}
		o.Past = func(_ context.Context, back time.Duration) ([]sample.Sample, error) {
			if asked++; back != 30*time.Minute {
				t.Errorf("asked for %v", back)
			}
			if fails {
				return nil, errors.New("refused")
			}
			return growing(r.clock.now.Add(-time.Hour)), nil
		}
	})
	standing := func() Status {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.verdicts["growth"].Status
	}
	if r.look(); standing() != Unknown {
		t.Fatalf("before it could be read growth is %s", standing())
	}
	fails = false
	if r.pass(15 * time.Second); standing() != Firing {
		t.Errorf("growth is %s: %+v", standing(), r.verdicts["growth"])
	}
	r.pass(time.Minute)
	if asked != 2 {
		t.Errorf("it was asked for %d times", asked)
	}
	if got := len(r.window); got != 121 { // of half an hour, both ends
		t.Errorf("the window has %d samples", got)
	}
	for i := 1; i < len(r.window); i++ {
		if !r.window[i].At.After(r.window[i-1].At) {
			t.Errorf("sample %d is of %v, after %v", i, r.window[i].At, r.window[i-1].At)
		}
	}
}

// An engine that takes over again has what ran meanwhile in its window.
func TestATakeoverReadsWhatRanMeanwhile(t *testing.T) {
	r := newRig(t, redistest.Any(t).Client(), "alerts.interval=1")
	r.restart(func(o *Options) {
		o.Prober, o.Now = early{r}, func() time.Time { return r.clock.now }
		o.Past = func(context.Context, time.Duration) ([]sample.Sample, error) {
			return growing(r.clock.now.Add(-time.Hour)), nil
		}
	})
	for range 2 {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		redistest.Eventually(t, "the window begins half an hour ago", func(context.Context) bool {
			r.mu.Lock()
			defer r.mu.Unlock()
			return len(r.window) > 1 && r.window[0].At.Equal(r.clock.now.Add(-30*time.Minute))
		})
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
		r.clock.now = r.clock.now.Add(time.Hour)
	}
}
