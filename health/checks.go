package health

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// answer serves the outcome of checks: 200 if all are in order, else 503, with a
// line for each.
func (s *Server) answer(checks []Check) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		text, ok := outcome(r.Context(), checks)
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if !ok {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte(text)) // whoever asked may be gone
	}
}

// outcome makes checks side by side, and words what comes of them.
func outcome(ctx context.Context, checks []Check) (text string, ok bool) {
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	lines, failed := make([]string, len(checks)), make([]bool, len(checks))
	var group sync.WaitGroup
	for i, c := range checks {
		group.Go(func() {
			lines[i] = "ok   " + c.Name
			if c.Note != nil {
				lines[i] += ": " + c.Note()
			}
			if err := c.within(ctx); err != nil {
				lines[i], failed[i] = fmt.Sprintf("FAIL %s: %v", c.Name, err), true
			}
		})
	}
	group.Wait()
	ok = true
	for _, f := range failed {
		ok = ok && !f
	}
	return strings.Join(append(lines, ""), "\n"), ok
}

// within makes a check, and gives up one that does not end.
func (c Check) within(ctx context.Context) error {
	done := make(chan error, 1)
	go func() { done <- c.Ask(ctx) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no answer within %s", answerWithin)
	}
}
