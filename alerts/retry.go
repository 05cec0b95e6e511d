package alerts

import (
	"time"

	"go.uber.org/zap"
)

// retry is when something that failed is tried again.
type retry struct {
	failures int
	next     time.Time
}

const (
	firstRetry = time.Second
	lastRetry  = time.Minute // at most so long from one try to the next
)

// ready says whether something that failed may be tried again. The caller holds
// mu.
func (e *Engine) ready(id string) bool {
	r, failed := e.retries[id]
	left := r.next.Sub(e.options.Now())
	return !failed || left <= 0 || left > lastRetry // the clock was put back
}

// outcome notes how a delivery went, and when it is tried again.
func (e *Engine) outcome(id string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if err == nil {
		delete(e.retries, id)
		return
	}
	r := e.retries[id]
	pause := min(firstRetry<<min(r.failures, 10), lastRetry)
	e.retries[id] = retry{r.failures + 1, e.options.Now().Add(pause)}
	if r.failures == 0 {
		e.options.Log.Warn("deliver an incident", zap.String("id", id), zap.Error(err))
	}
}
