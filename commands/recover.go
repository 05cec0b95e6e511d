package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/journal"
)

// Recovered is a change that was interrupted by the end of its process, and of
// which it is known now how far it came.
type Recovered struct {
	ID   string
	Text string // says so, for people

	begun time.Time
}

// Fresh reports whether the change began so lately that it is waited for that all
// replicas have what is found and kept of it: the server that tells may have been cut
// off, and be replaced by one that knows of less.
func (r Recovered) Fresh() bool { return time.Since(r.begun) < time.Minute }

// Recover finds out what became of the changes that no process carries on, and
// tells of each, in the audit and in the log as well. An error is of those that could
// not be looked into, or that tell would not take; they are tried again the next
// time. Only a process that ends right after tell leaves one to be told of again.
func (d *Dispatcher) Recover(ctx context.Context, tell func(Recovered) error) error {
	if d.Journal == nil {
		return nil
	}
	list, err := d.Journal.List()
	if err != nil {
		return err
	}
	var failed error
	for _, s := range list {
		if s.Settled || s.Live || s.Unreadable != "" || s.Redis != d.Redis {
			continue
		}
		err := d.recoverOne(ctx, s.ID, tell)
		if err != nil && !errors.Is(err, journal.ErrLive) && !errors.Is(err, journal.ErrEnded) && !errors.Is(err, journal.ErrNotFound) {
			failed = errors.Join(failed, fmt.Errorf("find out what became of change %s: %w", s.ID, err))
		}
	}
	return failed
}

func (d *Dispatcher) recoverOne(ctx context.Context, id string, tell func(Recovered) error) (err error) {
	w, err := d.Journal.Resume(id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Leave()) }()
	r, err := d.Journal.Read(id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	s := r.Summary()
	return d.Guard.Recover(ctx, id, r, func(f change.Found) error {
		found := Recovered{ID: id, Text: d.interruptedText(s, f.Position), begun: s.At}
		confirmed, err := d.Guard.Replicated(ctx)
		switch {
		case !confirmed && found.Fresh():
			return errors.Join(errUnconfirmed, err)
		case !confirmed:
			found.Text += " Not every replica has confirmed that yet; if one took its master's place now, some of it could be lost."
		}
		if err := settle(w, f); err != nil {
			return err
		}
		if err := tell(found); err != nil {
			return fmt.Errorf("tell of it: %w", err)
		}
		d.recordInterrupted(s, found.Text)
		return w.Close(string(Interrupted))
	})
}

var errUnconfirmed = errors.New("not every replica has confirmed what was found yet")

// settle writes down what was found. Found once more, it is the same.
func settle(w *journal.Writer, f change.Found) error {
	for _, states := range f.States {
		if err := w.After(states); err != nil {
			return err
		}
	}
	return w.Mark(f.Mark())
}

// recordInterrupted closes in the audit what the change's process had opened.
func (d *Dispatcher) recordInterrupted(s journal.Summary, text string) {
	d.Log.Warn("a change was interrupted", zap.String("change", s.ID), zap.String("by", s.By), zap.String("result", text))
	if d.Audit == nil {
		return
	}
	request := s.Request
	if request == "" {
		request = s.ID
	}
	d.Audit.Add(audit.Entry{Event: audit.Closed, Request: request, By: s.By, Name: s.Name, Guild: s.Guild, Where: s.Where,
		Line: s.Line, Plan: s.Plan, Outcome: string(Interrupted), Changes: []string{text}})
}

// interruptedText says how far an interrupted change came.
func (d *Dispatcher) interruptedText(s journal.Summary, at change.Position) string {
	text := fmt.Sprintf("Change %s of %s (%s) by %s was interrupted: %s.", s.ID, s.At.Format("15:04"), clipLine(s.Line), s.Name, carriedOut(at.Done, s.Planned))
	if at.Lost > 0 {
		text += fmt.Sprintf(" %s more had been, but Redis came back without them.", grouped(at.Lost))
	}
	if at.Unsure > 0 {
		text += fmt.Sprintf(" Of %s more it is not known.", grouped(at.Unsure))
	}
	if s.Images > 0 && at.Done > 0 {
		text += fmt.Sprintf(" `%sundo %s` takes back what was made.", d.prefix(), s.ID)
	}
	return text
}

// farAs says how many commands there are of how many that were planned.
func farAs(done, planned int64) string {
	if planned == 0 {
		return grouped(done)
	}
	return fmt.Sprintf("%s of %s", grouped(done), grouped(planned))
}

func carriedOut(done, planned int64) string {
	last := done
	if planned > 0 {
		last = planned
	}
	return fmt.Sprintf("%s %s carried out", farAs(done, planned), plural(last, "command was", "commands were"))
}

// recover does the same on somebody's way to undo, who is told in hints.
func (t *turn) recover(ctx context.Context) {
	err := t.Recover(ctx, func(r Recovered) error {
		t.hints.add(r.Text)
		return nil
	})
	if err != nil {
		t.Log.Error("interrupted changes cannot be looked into", zap.Error(err))
		t.hints.add("It could not be found out what became of a change that was interrupted; the log has the details.")
	}
}
