package alerts

import "github.com/helix-collective/helix/sample"

// Newest answers what was measured last by this process; ok is false before the
// first measurement, and where nothing is measured.
func (e *Engine) Newest() (s sample.Sample, ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.window) == 0 {
		return s, false
	}
	return e.window.Last(), true
}
