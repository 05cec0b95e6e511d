package commands

import (
	"io"
	"sync"

	"github.com/helix-collective/helix/redact"
)

// redact has a turn hide what its request says shall not be seen. What it
// answers is to be called at the program's end.
func (t *turn) redact(req *Request) (end func() error) {
	if !req.Redact {
		return func() error { return nil }
	}
	t.guard = t.guard.WithRedaction(t.Redactor, t.shown.in(req.Caller.Channel))
	return t.redactStreams(req)
}

// viewer answers what follows the live views of a turn.
func (t *turn) viewer(req Request) viewer {
	v := viewer{viewing: &t.progress.viewing}
	if req.Redact {
		v.redactor = t.Redactor
	}
	return v
}

// redactReply is the last look at an answer. What Redis holds is redacted where
// it enters a program; this catches what came another way, such as by what the
// person typed or by the server's own words.
func (d *Dispatcher) redactReply(r *Reply) {
	text := func(s string) string { return string(d.Redactor.Text([]byte(s))) }
	r.Output = d.Redactor.Text(r.Output)
	r.Problem = text(r.Problem)
	for i, hint := range r.Hints {
		r.Hints[i] = text(hint)
	}
}

// redactStreams is the same for output that is handed on as it comes. What it
// answers writes what has been held back.
func (d *Dispatcher) redactStreams(req *Request) (end func() error) {
	var ends []func() error
	for _, w := range []*io.Writer{&req.Stdout, &req.Stderr} {
		if *w == nil {
			continue
		}
		redacting := &redactingWriter{to: *w, stream: d.Redactor.TextStream()}
		ends = append(ends, redacting.end)
		*w = redacting
	}
	return func() error {
		for _, end := range ends {
			if err := end(); err != nil {
				return err
			}
		}
		return nil
	}
}

// redactingWriter redacts a text on its way, from several goroutines.
type redactingWriter struct {
	mu     sync.Mutex
	to     io.Writer
	stream *redact.Stream
}

func (w *redactingWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := w.to.Write(w.stream.Next(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (w *redactingWriter) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.to.Write(w.stream.End())
	return err
}
