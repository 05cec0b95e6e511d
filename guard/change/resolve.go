package change

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/helix-collective/helix/clock"
	"github.com/helix-collective/helix/dump"
	"github.com/helix-collective/helix/journal"
)

func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// elsewhere has a transaction begin anew, which did nothing since the server is
// not the one any more that takes it.
func (r *run) elsewhere(ctx context.Context, b *batch, u *unit, why *ServerError) error {
	lasts := r.trouble.lasts()
	if lasts > r.patienceWith(why) {
		return &RefusedError{why}
	}
	r.leave(ctx, b.db, u, why)
	_ = clock.Sleep(ctx, pauseAfter(lasts))
	u.outcome = conflicted
	return nil
}

const (
	// leastPause is how long a server that is not the one any more is left alone.
	leastPause = 50 * time.Millisecond

	// lonePatience is how long a replica is waited for that nothing makes a
	// master: its address may yet lead to one.
	lonePatience = 500 * time.Millisecond
)

// pauseAfter is how long to wait before another attempt after trouble that lasts.
// It grows, so that the patience ends before the attempts do.
func pauseAfter(lasts time.Duration) time.Duration { return max(leastPause, lasts/5) }

// patienceWith is how long an answer is waited out.
func (r *run) patienceWith(why *ServerError) time.Duration {
	if r.Lone && why.Code() == "READONLY" {
		return min(r.Patience, lonePatience)
	}
	return r.Patience
}

// trouble is a time in which no server takes changes. In a Cluster several
// transactions may meet it at once.
type trouble struct {
	mu    sync.Mutex
	since time.Time // zero: there is none
}

// lasts answers for how long there has been trouble, which there is now.
func (t *trouble) lasts() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.since.IsZero() {
		t.since = time.Now()
	}
	return time.Since(t.since)
}

// over notes that a server took a change.
func (t *trouble) over() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.since = time.Time{}
}

// resolve finds out whether a transaction was made whose replies got lost.
func (r *run) resolve(ctx context.Context, b *batch, u *unit, lost error) error {
	done, err := r.whetherMade(ctx, b, u)
	switch {
	case isUndone(err):
		return err
	case err != nil:
		return &LostError{Unknown: max(int(commandsOf(u.steps)), 1), Err: lost}
	case !done:
		u.outcome, u.doubtful = conflicted, true
		return nil
	}
	u.outcome, u.replies = made, nil
	return nil
}

// doubt notes which transactions of a batch were not made when that was asked: what
// was sent may still be on its way, and be made after all. That is over once they
// are made anew, since it finds its keys changed.
func (r *run) doubt(b *batch) {
	doubtful := &batch{db: b.db}
	for _, u := range b.units {
		if u.doubtful {
			doubtful.units = append(doubtful.units, u)
		}
	}
	if len(doubtful.units) > 0 {
		r.doubtful = doubtful
	}
}

// unsettled is how a run ends that could not make transactions anew of which it
// is in doubt. The journal has them open, so that it is asked again what became of
// them. Other ends stay as they are.
func (r *run) unsettled(err error) error {
	lost := (*LostError)(nil)
	if r.doubtful == nil || err == nil || r.open || errors.As(err, &lost) || !passing(err) {
		return err
	}
	unknown := int64(0)
	for _, u := range r.doubtful.units {
		unknown += commandsOf(u.steps)
	}
	r.open = true
	return errors.Join(&LostError{Unknown: int(unknown), Err: err}, r.keep(r.doubtful))
}

// whetherMade asks until somebody answers. Where there is a replica that may have
// taken over, a server that was replaced may still answer in its place for a
// moment, and knows of less than was made: it is believed only when it has been
// asked for as long as that lasts. An *UndoneError says that what was noted before is gone.
func (r *run) whetherMade(ctx context.Context, b *batch, u *unit) (bool, error) {
	for begin := time.Now(); ; {
		var stands note
		var done bool
		err := r.patiently(ctx, b.db, u, func() (err error) {
			stands, done, err = r.wasMade(ctx, u)
			return err
		})
		if err != nil {
			return false, err
		}
		server := u.session.server
		if time.Since(begin) >= replacedAnswers {
			r.sessions.believe(server)
		}
		if done || r.sessions.believes(server) || ctx.Err() != nil {
			return done, r.settleMarker(u, stands, done)
		}
		r.leave(ctx, b.db, u, nil)
		_ = clock.Sleep(ctx, 2*leastPause)
	}
}

// wasMade reports whether a transaction was made, by the number that it would
// have noted, which stands there instead, or else by what its keys hold.
func (r *run) wasMade(ctx context.Context, u *unit) (stands note, done bool, err error) {
	states, at, err := u.session.presentStates(ctx, u)
	if err != nil {
		return note{}, false, err
	}
	u.states = states
	if !u.marked || u.scripted {
		return note{}, differs(u.images, states, at), nil
	}
	stands, err = u.session.marker(ctx, u.marker)
	return stands, err == nil && stands.number >= u.number, err
}

// settleMarker takes in what stands in a transaction's marker. An *UndoneError
// says that it is less than was noted before.
func (r *run) settleMarker(u *unit, stands note, done bool) error {
	switch {
	case !u.marked || u.scripted:
		return nil
	case done:
		r.markers.confirm(u.marker, u.note)
		return nil
	}
	err := r.lacking(u.marker, stands)
	if err != nil {
		r.markers.confirm(u.marker, stands)
	}
	return err
}

// marker answers what stands in a place; nothing where there is no such key, or
// none of ours.
func (s *session) marker(ctx context.Context, at place) (note, error) {
	replies, err := s.exchange(ctx, [][]string{{"GET", at.key}})
	if err != nil {
		return note{}, err
	}
	if err := asError(replies[0]); err != nil {
		return note{}, err
	}
	text, _ := bulk(replies[0])
	return readNote(string(text)), nil
}

// presentStates asks what the keys of a transaction hold, and when that is by
// the server's clock, in Unix milliseconds.
func (s *session) presentStates(ctx context.Context, u *unit) (states []journal.State, now int64, err error) {
	if u.images == nil {
		return nil, 0, nil
	}
	replies, err := s.exchange(ctx, u.looks())
	if err != nil {
		return nil, 0, err
	}
	for _, reply := range replies {
		if err := asError(reply); err != nil {
			return nil, 0, err
		}
	}
	now, _ = milliseconds(replies[0])
	states = make([]journal.State, len(u.names))
	for i := range u.names {
		if states[i], err = u.stateOf(i, now, replies[1+2*i], replies[2+2*i]); err != nil {
			return nil, 0, err
		}
	}
	return states, now, nil
}

// slack is how far two readings of one deadline may be apart, in milliseconds.
const slack = 1000

// differs reports whether any key is another than it was, but for those that
// came to their end before at.
func differs(images []journal.Image, states []journal.State, at int64) bool {
	for i, image := range images {
		if !same(image, states[i], at) {
			return true
		}
	}
	return false
}

// same reports whether a key, or a parameter, is as it was. A key that came to
// its end by itself before at is.
func same(image journal.Image, state journal.State, at int64) bool {
	if image.Kind != journal.Key {
		return bytes.Equal(image.Content, state.Content)
	}
	if image.Exists && !state.Exists && image.Deadline != 0 && image.Deadline <= at+slack {
		return true
	}
	if image.Exists != state.Exists || !near(image.Deadline, state.Deadline) {
		return false
	}
	if len(image.Content) == 0 || !state.Altered {
		return true
	}
	sum, err := dump.Digest(image.Content)
	return err == nil && sum == state.Sum
}

func near(a, b int64) bool {
	if a == 0 || b == 0 {
		return a == b
	}
	return a-b < slack && b-a < slack
}
