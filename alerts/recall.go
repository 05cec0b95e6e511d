package alerts

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
)

// Remembered are the values that rules look back for over a start: those that
// foresee, and those that tell what was lately. It is what Options.Past is asked.
func Remembered() []sample.Name {
	return []sample.Name{sample.MemoryUsed, sample.MaxMemory, sample.EvictedPerMin}
}

// recall begins the window with what was measured before this run, by this process
// or another one, so that no rule that looks back begins anew. It does so once in a
// run, as soon as that can be read; measured is the newest sample, by the clock
// that the past is by. The error is that of a ctx that ended.
func (e *Engine) recall(ctx context.Context, measured sample.Sample) error {
	if e.options.Past == nil || e.recalled {
		return nil
	}
	past, err := e.options.Past(ctx, e.options.Settings.Snapshot().Duration(settings.AlertsGrowthWindow))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		e.options.Log.Warn("what was measured before could not be read", zap.Error(err))
		return nil
	}
	e.recalled = true
	e.mu.Lock()
	defer e.mu.Unlock()
	if before := byClock(past, measured.At, e.options.Now()); len(before) > 0 {
		e.window = before.and(e.window)
	}
	return nil
}

// byClock answers those samples that are older than one taken now, with their times
// by our clock rather than by the one of at.
func byClock(past []sample.Sample, at, now time.Time) (w Window) {
	for _, s := range past {
		if s.At.Before(at) {
			s.At = now.Add(s.At.Sub(at))
			w = append(w, s)
		}
	}
	return w
}

// and answers a window with what another has that is newer.
func (w Window) and(newer Window) Window {
	for i, s := range newer {
		if s.At.After(w.Last().At) {
			return append(w, newer[i:]...)
		}
	}
	return w
}
