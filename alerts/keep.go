package alerts

import (
	"context"
	"errors"
	"fmt"

	"go.uber.org/zap"
)

// load takes over what others have changed in Redis. The caller has the turn.
func (e *Engine) load(ctx context.Context) error {
	marks, err := e.store.marks(ctx)
	if err != nil {
		return e.failed(err)
	}
	e.mu.Lock()
	known := marks == e.marks && marks[0] != ""
	e.mu.Unlock()
	if known {
		return nil
	}
	incidents, err := read[Incident](ctx, e.store, incidentsKey)
	if err != nil {
		return e.failed(err)
	}
	silences, err := read[Silence](ctx, e.store, silencesKey)
	if err != nil {
		return e.failed(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.book.merge(incidents, silences, e.running)
	e.marks, e.away = marks, false
	return nil
}

// errChanged says that somebody else was faster. Theirs is in force.
var errChanged = errors.New("incidents were changed elsewhere at the same moment")

// save puts what changed here into Redis. The caller has the turn.
func (e *Engine) save(ctx context.Context) error {
	e.mu.Lock()
	incidents := unsaved(e.book, e.book.incidents, func(in Incident) int64 { return in.Version })
	silences := unsaved(e.book, e.book.silences, func(s Silence) int64 { return s.Version })
	removed := e.book.removed
	e.book.removed = nil
	e.mu.Unlock()
	var changed error
	for i, records := range [][]record{incidents, silences} {
		if len(records)+len(removed) == 0 {
			continue
		}
		err := e.saveRecords(ctx, i, removed, records)
		if errors.Is(err, errChanged) {
			changed = err
		} else if err != nil {
			e.mu.Lock()
			e.book.removed = append(removed, e.book.removed...)
			e.mu.Unlock()
			return err
		}
	}
	if changed != nil {
		return errors.Join(changed, e.load(ctx))
	}
	return nil
}

func (e *Engine) saveRecords(ctx context.Context, hash int, removed []string, records []record) error {
	saved, mark, err := e.store.save(ctx, OwnKeys()[hash], e.fence(), e.newMark(), removed, records)
	if err != nil {
		return e.failed(err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.away, e.barred = false, false
	e.marks[hash] = mark
	for _, r := range records {
		if saved[r.id] {
			e.book.saved[r.id] = r.version
			continue
		}
		e.book.yield(r.id)
		e.marks[hash], err = "", errChanged
	}
	return err
}

func (e *Engine) fence() Fence {
	if e.options.Fence == nil {
		return Fence{}
	}
	return e.options.Fence()
}

// failed notes what an error of Redis means for what comes next, and logs it if
// it is the first after a success.
func (e *Engine) failed(err error) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.away && !e.barred {
		e.options.Log.Warn("keep incidents", zap.Error(err))
	}
	e.barred = errors.Is(err, errFenced) || errors.Is(err, errNewer)
	e.away = !e.barred
	e.marks = [2]string{}
	return fmt.Errorf("keep incidents: %w", err)
}
