package change

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/helix-collective/helix/journal"
)

// MaxKept is how many bytes of memory a key may take for its value to be kept.
// DUMP of a larger one would hold the server for too long.
const MaxKept = 1 << 20

// maxUnits bounds the transactions that a Cluster makes side by side.
const maxUnits = 32

// look asks what the keys of a fresh batch hold. Steps that would make it too
// large go back.
func (r *run) look(ctx context.Context, b *batch) error {
	if err := r.divide(b); err != nil {
		return err
	}
	if len(b.units) > maxUnits {
		b.steps, b.units = r.sendBack(b), nil
		if err := r.divide(b); err != nil {
			return err
		}
	}
	return r.lookAt(ctx, b, true)
}

// sendBack keeps steps of no more than maxUnits slots, from the first on.
func (r *run) sendBack(b *batch) []Step {
	slots := make(map[int]bool)
	for i, s := range b.steps {
		slots[Slot(s.Keys[0].Name)] = true
		if len(slots) > maxUnits {
			r.source.giveBack(b.steps[i:]...)
			return b.steps[:i]
		}
	}
	return b.steps
}

// snapshot asks what the keys of a batch hold, all of which is to be made.
func (r *run) snapshot(ctx context.Context, b *batch) error {
	if err := r.divide(b); err != nil {
		return err
	}
	return r.lookAt(ctx, b, false)
}

// divide makes the transactions of a batch.
func (r *run) divide(b *batch) error {
	client, err := r.Client(b.db)
	if err != nil {
		return err
	}
	if isCluster(client) {
		return b.divideBySlot()
	}
	most := perUnit
	if r.Journal == nil {
		most = unwatched
	}
	var u *unit
	for _, s := range b.steps {
		if len(s.Keys) == 0 {
			return errNoKeys
		}
		if u == nil || len(u.names)+len(s.Keys) > most {
			u = newUnit()
			b.units = append(b.units, u)
		}
		u.add(s)
	}
	return nil
}

// unwatched bounds the keys of one transaction whose keys are not watched.
const unwatched = 500

func (b *batch) divideBySlot() error {
	b.scattered = true
	bySlot := make(map[int]*unit)
	for _, s := range b.steps {
		if len(s.Keys) == 0 {
			return errNoKeys
		}
		slot := Slot(s.Keys[0].Name)
		u := bySlot[slot]
		if u == nil {
			u = newUnit()
			bySlot[slot], b.units = u, append(b.units, u)
		}
		u.add(s)
	}
	return nil
}

// lookAt watches the keys of a batch and takes in what they hold. With cut,
// steps go back that would make it too large.
func (r *run) lookAt(ctx context.Context, b *batch, cut bool) error {
	err := r.lookBlind(b)
	if err == nil && !b.blind {
		err = r.lookClosely(ctx, b, cut)
	}
	if err != nil {
		r.release(b)
		return err
	}
	for _, u := range b.units {
		u.decide()
	}
	return nil
}

// lookBlind finds out whether the keys of a batch need not be looked at: nothing
// is kept, and nothing depends on them.
func (r *run) lookBlind(b *batch) error {
	b.blind = r.Journal == nil && !slices.ContainsFunc(b.steps, Step.looks)
	if !b.blind {
		return nil
	}
	for _, u := range b.units {
		if err := r.connect(context.Background(), b.db, u); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) lookClosely(ctx context.Context, b *batch, cut bool) error {
	sizes := make(map[string]int64)
	var mu sync.Mutex
	ask := func(ctx context.Context, u *unit) error {
		of, err := u.sizes(ctx)
		mu.Lock()
		defer mu.Unlock()
		for i := range of {
			sizes[u.names[i]] = of[i]
		}
		return err
	}
	if err := r.eachUnit(ctx, b, ask); err != nil {
		return err
	}
	if n := b.fitting(sizes); cut && n < len(b.steps) {
		r.source.giveBack(b.steps[n:]...)
		r.release(b)
		b.steps, b.units = b.steps[:n], nil
		if err := r.divide(b); err != nil {
			return err
		}
	}
	return r.eachUnit(ctx, b, func(ctx context.Context, u *unit) error { return u.watch(ctx, b.db, sizes) })
}

// eachUnit has every unit do something, side by side.
func (r *run) eachUnit(ctx context.Context, b *batch, do func(context.Context, *unit) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, u := range b.units {
		group.Go(func() error { return r.patiently(ctx, b.db, u, func() error { return do(ctx, u) }) })
	}
	return group.Wait()
}

// fitting answers how many of the steps have keys that are not too large to be
// looked at together; the first always has.
func (b *batch) fitting(sizes map[string]int64) int {
	total, counted := int64(0), make(map[string]bool)
	for i, s := range b.steps {
		for _, k := range s.Keys {
			if !counted[k.Name] {
				counted[k.Name] = true
				total += min(sizes[k.Name], MaxKept)
			}
		}
		if i > 0 && total > maxBatch {
			return i
		}
	}
	return len(b.steps)
}

// patiently tries again while the server is away, or the slot on its way.
func (r *run) patiently(ctx context.Context, db int, u *unit, try func() error) error {
	begin := time.Now()
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, time.Second) {
		err := r.connect(ctx, db, u)
		if err == nil {
			err = try()
		}
		if err == nil || ctx.Err() != nil || !passing(err) || time.Since(begin) > r.Patience {
			return err
		}
		r.leave(ctx, db, u)
		pause(ctx, wait)
	}
}

// leave gives up a unit's connection; in a Cluster its slot may be elsewhere.
func (r *run) leave(ctx context.Context, db int, u *unit) {
	if u.session == nil {
		return
	}
	u.session.drop()
	r.sessions.give(u.session)
	u.session = nil
	if client, err := r.Client(db); err == nil {
		if cluster, ok := client.(*redis.ClusterClient); ok {
			cluster.ReloadState(ctx)
		}
	}
}

// passing reports whether a fault may be over in a moment.
func passing(err error) bool {
	var answered *ServerError
	if errors.As(err, &answered) {
		switch answered.code() {
		case "LOADING", "MOVED", "ASK", "TRYAGAIN", "CLUSTERDOWN", "MASTERDOWN", "READONLY":
			return true
		}
		return false
	}
	var network net.Error
	return errors.As(err, &network) || isEnd(err) || redis.IsLoadingError(err) || redis.IsClusterDownError(err)
}

// connect finds a connection to the server that holds the unit's keys.
func (r *run) connect(ctx context.Context, db int, u *unit) error {
	if u.session != nil {
		return nil
	}
	client, err := r.Client(db)
	if err != nil {
		return err
	}
	switch c := client.(type) {
	case *redis.Client:
		u.session = r.sessions.take(c)
		return nil
	case *redis.ClusterClient:
		master, err := c.MasterForKey(ctx, u.names[0])
		if err != nil {
			return err
		}
		u.session = r.sessions.take(master)
		return nil
	}
	return fmt.Errorf("a %T can change nothing", client)
}

// sizes answers the bytes that each key takes; 0 for one that is not there.
func (u *unit) sizes(ctx context.Context) ([]int64, error) {
	commands := make([][]string, len(u.names))
	for i, name := range u.names {
		commands[i] = []string{"MEMORY", "USAGE", name}
	}
	replies, err := u.session.exchange(ctx, commands)
	if err != nil {
		return nil, err
	}
	sizes := make([]int64, len(replies))
	for i, reply := range replies {
		if err := asError(reply); err != nil {
			return nil, fmt.Errorf("ask for the size of a key: %w", err)
		}
		sizes[i], _ = integer(reply)
	}
	return sizes, nil
}

// watch watches the keys and asks what they hold, all in one round trip.
func (u *unit) watch(ctx context.Context, db int, sizes map[string]int64) error {
	commands := [][]string{append([]string{"WATCH"}, u.names...), {"TIME"}}
	u.large = make([]bool, len(u.names))
	for i, name := range u.names {
		u.large[i] = sizes[name] > MaxKept
		content := []string{"DUMP", name}
		if u.large[i] {
			content = []string{"EXISTS", name}
		}
		commands = append(commands, content, []string{"PTTL", name})
	}
	replies, err := u.session.exchange(ctx, commands)
	if err != nil {
		return err
	}
	for _, reply := range replies {
		if err := asError(reply); err != nil {
			return fmt.Errorf("look at a key: %w", err)
		}
	}
	now, ok := milliseconds(replies[1])
	if !ok {
		return fmt.Errorf("ask for the time: %w", errMalformed)
	}
	u.at = now
	u.images = make([]journal.Image, len(u.names))
	for i, name := range u.names {
		u.images[i] = imageOf(db, name, now, replies[2+2*i], replies[3+2*i])
	}
	return nil
}

// imageOf reads what DUMP, or for large keys EXISTS, and PTTL answered.
func imageOf(db int, name string, now int64, content, ttl []byte) journal.Image {
	image := journal.Image{Kind: journal.Key, DB: db, Name: []byte(name)}
	image.Content, image.Exists = bulk(content)
	if n, ok := integer(content); ok {
		image.Exists = n > 0
	}
	image.Deadline = deadlineOf(now, ttl)
	return image
}

// deadlineOf answers when a key ends, by the server's clock; 0 for never.
func deadlineOf(now int64, ttl []byte) int64 {
	if left, ok := integer(ttl); ok && left >= 0 {
		return now + left
	}
	return 0
}
