package clock

import (
	"context"
	"time"
)

// Sleep waits for so long, or until ctx ends, whose cause it answers then. A time
// that is not above 0 is no wait.
func Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
