package guard

import (
	"context"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/journal"
)

// final tells which of the sessions that an undo would bring back were ended for
// good. The zero final knows of none.
type final struct {
	guard *Guard
	left  map[string]bool // that it has left alone
	err   error           // why it could not be told; then nothing more is to be taken back
}

// ended answers which entries of a batch are of sessions that were ended.
func (f *final) ended(ctx context.Context, batch journal.Batch) map[string]bool {
	if f.guard.options.Ended == nil {
		return nil
	}
	var names []string
	for i, image := range batch.Images {
		e := change.Entry{Before: image, After: batch.States[i]}
		if image.Kind == journal.Key && image.Exists && image.DB == f.guard.options.DB && isSession(string(image.Name)) && !e.Void() {
			names = append(names, string(image.Name))
		}
	}
	if len(names) == 0 {
		return nil
	}
	answers, err := f.guard.options.Ended(ctx, names)
	if err != nil {
		f.err = err
		return nil
	}
	ended := make(map[string]bool)
	for i, name := range names {
		if answers[i] {
			ended[name] = true
		}
	}
	return ended
}

// after ends again what was ended while it was brought back.
func (f *final) after(ctx context.Context, batches Batches) error {
	for batch, err := range batches {
		if err != nil || batch.Open() {
			continue // told already
		}
		for name := range f.ended(ctx, batch) {
			if f.left[name] {
				continue
			}
			if err := f.unlink(ctx, name); err != nil {
				return err
			}
		}
	}
	return f.err
}

func (f *final) unlink(ctx context.Context, name string) error {
	client, err := f.guard.clients.Client(f.guard.options.DB, 2)
	if err != nil {
		return err
	}
	if err := client.Unlink(ctx, name).Err(); err != nil {
		return fault(ctx, "undo", err)
	}
	return nil
}
