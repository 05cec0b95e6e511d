package commands

import (
	"bytes"
	"io"
	"slices"
	"sync"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/redact"
)

// redact has a turn hide what its request says shall not be seen. What it
// answers is to be called at the program's end.
func (t *turn) redact(req *Request) (end func() error) {
	if !req.Redact {
		return func() error { return nil }
	}
	t.redacts = true
	t.keysShown = t.shown.in(req.Caller.Channel)
	t.guard = t.guard.WithRedaction(t.Redactor, t.keysShown)
	if t.reveals {
		t.guard = t.guard.Revealing()
	}
	return t.redactStreams(req)
}

// viewer answers what follows the live views of a turn.
func (t *turn) viewer(req Request) guard.Viewer {
	if req.Schedule != "" {
		return noView{}
	}
	v := viewer{viewing: &t.progress.viewing}
	if req.Redact {
		v.redactor = t.Redactor
	}
	return v
}

// hide is the last look at an answer. What Redis holds is redacted where it
// enters a program; this catches what came another way, such as by what the
// person typed or by the server's own words. Of what is revealed it takes out
// secrets of Helix' own alone.
func (t *turn) hide(r *Reply, req Request) {
	if !req.Redact {
		return
	}
	r.Hidden = t.hid(r)
	clean := t.Redactor.Text
	if t.reveals {
		clean = t.Redactor.Own
	}
	text := func(s string) string { return string(clean([]byte(t.typed.hide(s)))) }
	r.Output = clean(r.Output)
	r.Card = r.Card.hidden(r.Output, func(s string) string { return string(clean([]byte(s))) })
	r.Problem, r.Footer = text(r.Problem), text(r.Footer)
	// A line that is not whole would not do what its button says.
	r.Offers = slices.DeleteFunc(r.Offers, func(o Offer) bool { return text(o.Line) != o.Line || text(o.Label) != o.Label })
	if r.Plan != nil {
		r.Plan.Text = text(r.Plan.Text)
	}
	for i, hint := range r.Hints {
		r.Hints[i] = text(hint)
	}
}

// marks is how the marks of what is hidden begin, also where a filter cut one.
const marks = "\xe2\x80"

// hid reports whether an answer shows that something is hidden in it, or was
// refused because of that. What is only counted, say, hides nothing.
func (t *turn) hid(r *Reply) bool {
	return !t.reveals && t.reads && t.guard.Hid() && (r.Outcome == Denied || bytes.Contains(r.Output, []byte(marks)))
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
