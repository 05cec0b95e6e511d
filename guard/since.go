package guard

import (
	"context"
	"errors"
	"hash/maphash"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/journal"
)

// ChangedSince answers the keys and parameters of a change that somebody changed
// after it: what an undo leaves, and one by force overwrites. Settings are left to
// others. It only looks, some hundred keys at a time.
func (g *Guard) ChangedSince(ctx context.Context, batches Batches) (Named, error) {
	s := &since{guard: g, seed: maphash.MakeSeed(), seen: make(map[uint64]struct{})}
	for batch, err := range batches {
		if err != nil || batch.Open() {
			continue // told when it is taken back
		}
		for i, image := range batch.Images {
			if err := s.note(ctx, change.Entry{Before: image, After: batch.States[i]}); err != nil {
				return Named{}, err
			}
		}
	}
	return s.changed, s.look(ctx)
}

// since looks for what others changed after a change.
type since struct {
	guard   *Guard
	seed    maphash.Seed
	seen    map[uint64]struct{} // of what the latest entry has been looked at
	waiting []change.Entry      // of one database, to be looked at together
	changed Named
}

// note takes in an entry. The latest of a key comes first and tells alone.
func (s *since) note(ctx context.Context, e change.Entry) error {
	if e.Before.Kind == journal.Setting || e.Before.Kind == journal.Key && e.Void() {
		return nil
	}
	id := maphash.String(s.seed, strconv.Itoa(int(e.Before.Kind))+" "+strconv.Itoa(e.Before.DB)+" "+string(e.Before.Name))
	if _, known := s.seen[id]; known {
		return nil
	}
	s.seen[id] = struct{}{}
	if e.Before.Kind == journal.Parameter {
		return s.parameter(ctx, e)
	}
	if n := len(s.waiting); n == maxPipeline || n > 0 && s.waiting[0].Before.DB != e.Before.DB {
		if err := s.look(ctx); err != nil {
			return err
		}
	}
	s.waiting = append(s.waiting, e)
	return nil
}

// look holds what waits against what there is.
func (s *since) look(ctx context.Context) error {
	if len(s.waiting) == 0 {
		return nil
	}
	db := s.waiting[0].Before.DB
	client, err := s.guard.clients.Client(db, 2)
	if err != nil {
		return err
	}
	now, at, err := imagesOf(ctx, client, db, s.waiting)
	if err != nil {
		return fault(ctx, "look at what was changed", err)
	}
	for _, e := range s.waiting {
		image, exists := now[string(e.Before.Name)]
		if !exists {
			image = journal.Image{Kind: journal.Key, DB: db, Name: e.Before.Name}
		}
		if e.Overwritten(image, at) {
			s.changed.add(s.guard.place(db, string(e.Before.Name)))
		}
	}
	s.waiting = s.waiting[:0]
	return nil
}

// imagesOf answers what the keys of entries hold, as far as they exist, and when
// that is by the server's clock, in Unix milliseconds.
func imagesOf(ctx context.Context, client redis.UniversalClient, db int, entries []change.Entry) (now map[string]journal.Image, at int64, err error) {
	keys := make([][]byte, len(entries))
	for i, e := range entries {
		keys[i] = e.Before.Name
	}
	images, err := change.Look(ctx, client, db, keys)
	clock, clockErr := client.Time(ctx).Result()
	if err := errors.Join(err, clockErr); err != nil {
		return nil, 0, err
	}
	now = make(map[string]journal.Image, len(images))
	for _, image := range images {
		now[string(image.Name)] = image
	}
	return now, clock.UnixMilli(), nil
}

// parameter looks at a parameter of the server.
func (s *since) parameter(ctx context.Context, e change.Entry) error {
	p := &parameterUndo{entry: e}
	node, err := p.server(ctx, s.guard)
	if err != nil || node == nil {
		return err
	}
	now, err := parameters(ctx, []redis.UniversalClient{node}, []string{p.name()}, false)
	if err != nil || len(now) == 0 {
		return err
	}
	is := string(now[0].Content)
	if at := (Place{-1, p.name()}); is != string(e.After.Content) && is != string(e.Before.Content) && !slices.Contains(s.changed.Some, at) {
		s.changed.add(at)
	}
	return nil
}
