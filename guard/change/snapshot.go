package change

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/helix-collective/helix/dump"
	"github.com/helix-collective/helix/journal"
)

// MaxKept is how many bytes of memory a key may take for its value to be kept.
// DUMP of a larger one would hold the server for too long.
const MaxKept = 1 << 20

// MaxCompared is the same for its value to be compared with what a change left
// there, which is done one key at a time.
const MaxCompared = 4 << 20

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

// snapshot asks what the keys of a batch hold, all of which is to be made.
func (r *run) snapshot(ctx context.Context, b *batch) error {
	if err := r.divide(b); err != nil {
		return err
	}
	return r.lookAt(ctx, b, false)
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

// lookClosely asks what the keys hold: as of strings at first, which most keys
// are and which takes the server the least, then anew where they are none.
func (r *run) lookClosely(ctx context.Context, b *batch, cut bool) error {
	if unwatched, err := r.lookUnwatched(ctx, b); unwatched || err != nil {
		return err
	}
	if !r.odd.Load() {
		err := r.eachUnit(ctx, b, func(ctx context.Context, u *unit) error { return u.watchStrings(ctx, b.db, r.memory()) })
		if err != nil || !b.odd() && (!cut || b.held() <= maxBatch) {
			return err
		}
		r.odd.Store(b.odd())
	}
	sizes := make(map[string]int64)
	var mu sync.Mutex
	ask := func(ctx context.Context, u *unit) error {
		of, err := u.session.sizes(ctx, u.names)
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
	if fit, more := b.fitting(sizes); cut && len(more) > 0 {
		r.source.giveBack(more...)
		r.release(b)
		b.steps, b.units = fit, nil
		if err := r.divide(b); err != nil {
			return err
		}
	}
	err := r.eachUnit(ctx, b, func(ctx context.Context, u *unit) error { return u.watch(ctx, b.db, sizes) })
	r.odd.Store(r.odd.Load() && !b.onlyStrings())
	return err
}

// lookUnwatched asks what the keys hold without watching them, where a script can
// see to it that they are still the same. ok is false where some of them are not
// for that.
func (r *run) lookUnwatched(ctx context.Context, b *batch) (ok bool, err error) {
	if r.odd.Load() || slices.ContainsFunc(b.steps, func(s Step) bool { return !r.scriptable(s) }) {
		return false, nil
	}
	err = r.eachUnit(ctx, b, func(ctx context.Context, u *unit) error {
		err := u.lookUnwatched(ctx, b.db, r.valued(u.steps[0]))
		if err == nil {
			r.letGo(u) // it needs no connection of its own
		}
		return err
	})
	if err != nil || !b.odd() && b.held() <= maxBatch {
		return true, err
	}
	for _, u := range b.units {
		u.images, u.texts, u.unwatched = nil, nil, false
	}
	return false, nil
}

// memory is how long a key has to live for its value not to be kept.
func (e *Engine) memory() time.Duration {
	if e.Memory <= 0 {
		return math.MaxInt64
	}
	return e.Memory
}

// odd reports whether some key is no string that can be kept.
func (b *batch) odd() bool {
	return slices.ContainsFunc(b.units, func(u *unit) bool { return u.images == nil })
}

// onlyStrings reports whether all keys that there are hold strings.
func (b *batch) onlyStrings() bool {
	return !slices.ContainsFunc(b.units, func(u *unit) bool {
		return slices.ContainsFunc(u.images, func(image journal.Image) bool {
			_, ok := dump.Text(image.Content)
			return image.Exists && !ok
		})
	})
}

// held answers how many bytes the images of a batch take.
func (b *batch) held() int {
	n := 0
	for _, u := range b.units {
		for _, image := range u.images {
			n += len(image.Content)
		}
	}
	return n
}

// sideBySide is how many units ask one server at a time: it answers all that have
// asked before it turns to others.
const sideBySide = 2

// eachUnit has every unit do something, some side by side.
func (r *run) eachUnit(ctx context.Context, b *batch, do func(context.Context, *unit) error) error {
	group, ctx := errgroup.WithContext(ctx)
	if b.steps[0].Each { // such batches have many units
		group.SetLimit(sideBySide)
	}
	for _, u := range b.units {
		group.Go(func() error { return r.patiently(ctx, b.db, u, func() error { return do(ctx, u) }) })
	}
	return group.Wait()
}

// fitting answers the steps whose keys are not too large to be looked at
// together, which the first always is, and those that have to wait.
func (b *batch) fitting(sizes map[string]int64) (fit, more []Step) {
	total, counted := int64(0), make(map[string]bool)
	for i, s := range b.steps {
		for j, k := range s.Keys {
			if !counted[k.Name] {
				counted[k.Name] = true
				total += min(sizes[k.Name], k.limit())
			}
			if s.Each && total > maxBatch && i+j > 0 {
				return b.cut(i, j)
			}
		}
		if i > 0 && total > maxBatch {
			return b.cut(i, 0)
		}
	}
	return b.steps, nil
}

// cut divides the steps before a step's key.
func (b *batch) cut(step, key int) (fit, more []Step) {
	if key == 0 {
		return b.steps[:step], b.steps[step:]
	}
	begin, rest := b.steps[step].split(key)
	return append(slices.Clone(b.steps[:step]), begin), append([]Step{rest}, b.steps[step+1:]...)
}

// watchStrings watches the keys and asks for the strings that they hold, all in
// one round trip. There are no images afterwards if one of them holds something
// else, or too much.
func (u *unit) watchStrings(ctx context.Context, db int, memory time.Duration) error {
	upTo := strconv.Itoa(MaxKept) // one byte more than may be kept
	return u.watching(ctx, db, func(i int) []string {
		if u.fates[i].lives > memory {
			return nil
		}
		return []string{"GETRANGE", u.names[i], "0", upTo}
	}, func(reply []byte) ([]byte, bool) {
		if reply == nil {
			return nil, true
		}
		text, ok := bulk(reply)
		if !ok || len(text) > MaxKept {
			return nil, false
		}
		return dump.OfString(text), true
	})
}

// watch watches the keys and asks what they hold, all in one round trip.
func (u *unit) watch(ctx context.Context, db int, sizes map[string]int64) error {
	u.weigh(sizes)
	return u.watching(ctx, db, func(i int) []string {
		if sizes[u.names[i]] > u.limit(i) {
			return []string{"EXISTS", u.names[i]}
		}
		return []string{"DUMP", u.names[i]}
	}, func(reply []byte) ([]byte, bool) {
		content, _ := bulk(reply)
		return content, true
	})
}

// watching watches the keys and takes in what they hold.
func (u *unit) watching(ctx context.Context, db int, command func(i int) []string, read func(reply []byte) (content []byte, ok bool)) error {
	return u.asking(ctx, db, append([]string{"WATCH"}, u.names...), command, read)
}

// asking takes in what the keys hold, after a command if there is one, as the
// answer to another for each of them tells; ok is false where it does not.
func (u *unit) asking(ctx context.Context, db int, first []string, command func(i int) []string, read func(reply []byte) (content []byte, ok bool)) error {
	commands := make([][]string, 0, 2+2*len(u.names))
	if first != nil {
		commands = append(commands, first)
	}
	clock := len(commands)
	commands = append(commands, []string{"TIME"})
	for i, name := range u.names {
		if c := command(i); c != nil {
			commands = append(commands, c)
		}
		commands = append(commands, []string{"PTTL", name})
	}
	replies, err := u.session.exchange(ctx, commands)
	if err != nil {
		return err
	}
	now, ok := milliseconds(replies[clock])
	if !ok {
		return errors.Join(asError(replies[0]), fmt.Errorf("ask for the time: %w", errMalformed))
	}
	images := make([]journal.Image, len(u.names))
	rest := replies[clock+1:]
	for i, name := range u.names {
		var held []byte
		if command(i) != nil {
			held, rest = rest[0], rest[1:]
		}
		ttl := rest[0]
		rest = rest[1:]
		if err := fatal(held, ttl); err != nil {
			return fmt.Errorf("look at a key: %w", err)
		}
		content, ok := read(held)
		if !ok {
			return nil
		}
		images[i] = imageOf(db, name, now, content, ttl)
	}
	if u.large == nil {
		u.large = make([]bool, len(u.names))
	}
	u.images, u.at = images, now
	return nil
}

// fatal answers the error among replies that is not about a key's type.
func fatal(replies ...[]byte) error {
	for _, reply := range replies {
		if text, failed := isError(reply); failed && !strings.HasPrefix(text, "WRONGTYPE ") {
			return &ServerError{text}
		}
	}
	return nil
}

// imageOf makes an image of a key's content and of what PTTL answered, which
// tells whether it exists.
func imageOf(db int, name string, now int64, content, ttl []byte) journal.Image {
	image := journal.Image{Kind: journal.Key, DB: db, Name: []byte(name)}
	if left, ok := integer(ttl); !ok || left == missing {
		return image
	}
	image.Exists, image.Content, image.Deadline = true, content, deadlineOf(now, ttl)
	return image
}

// deadlineOf answers when a key ends, by the server's clock; 0 for never.
func deadlineOf(now int64, ttl []byte) int64 {
	if left, ok := integer(ttl); ok && left >= 0 {
		return now + left
	}
	return 0
}
