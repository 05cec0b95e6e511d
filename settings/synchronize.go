package settings

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// pollEvery bounds how late a change is seen whose announcement was lost.
	pollEvery = 500 * time.Millisecond

	// pollWait bounds one poll, so that a silent Redis cannot hold up more.
	pollWait = 5 * time.Second
)

// Run keeps the values in force up to date with Redis until ctx ends, and then
// answers nil: it follows announcements and asks twice a second besides. While
// Redis is away it keeps what it has. When the live values have vanished from
// Redis it stores its own again, and it sees to it that the policy is there.
func (l *Live) Run(ctx context.Context) error {
	if l.client == nil {
		<-ctx.Done()
		return nil
	}
	announced := l.client.Subscribe(ctx, Channel)
	defer announced.Close()
	messages := announced.Channel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		l.poll(ctx)
		if !nextPoll(ctx, tick.C, messages) {
			return nil
		}
	}
}

// nextPoll waits for the time, or an announcement, to ask Redis again. It
// answers false when ctx has ended.
func nextPoll(ctx context.Context, tick <-chan time.Time, messages <-chan *redis.Message) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case <-tick:
			return true
		case m, open := <-messages:
			if !open {
				messages = nil
			} else if strings.HasPrefix(m.Payload, announcement) {
				return true
			}
		}
	}
}

// poll asks once. Its faults are for Trouble; they need no other end, since
// the next poll tries again.
func (l *Live) poll(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, pollWait)
	defer cancel()
	l.applying.Lock()
	defer l.applying.Unlock()
	g, err := l.look(ctx)
	all := l.recheck()
	if err == nil && (all || !l.loaded || g.stamp != l.current.Load().record.stamp || g.fields != l.fields) {
		err = l.follow(ctx)
	}
	l.policyDue = l.policyDue || all
	if err == nil && (l.policyDue || !g.policy) {
		err = l.renewPolicy(ctx)
	}
	if err == nil && !g.log {
		err = l.renewLog(ctx)
	}
	l.note(ctx, err)
}

// recheckEvery is after how many polls all is read again that should not have
// changed: a foreign hand may have changed a value where it stands.
const recheckEvery = 4

// recheck reports whether that is due. The caller holds applying.
func (l *Live) recheck() bool {
	l.polls = (l.polls + 1) % recheckEvery
	return l.polls == 0
}

// synchronize reads the record and puts it in force.
func (l *Live) synchronize(ctx context.Context) error {
	l.applying.Lock()
	defer l.applying.Unlock()
	err := l.follow(ctx)
	l.note(ctx, err)
	if err != nil {
		return unavailable(err)
	}
	return nil
}

// note keeps a fault for Trouble. One that comes from our own end says
// nothing about Redis.
func (l *Live) note(ctx context.Context, err error) {
	switch {
	case err == nil:
		l.trouble.Store(nil)
	case context.Cause(ctx) != context.Canceled:
		l.trouble.Store(&troubled{unavailable(err)})
	}
}

// follow reads the record, and adopts it or stores our own again. The caller
// holds applying.
func (l *Live) follow(ctx context.Context) error {
	stored, fields, err := l.read(ctx)
	if err != nil {
		return err
	}
	l.fields = fields
	held := l.current.Load()
	switch decide(held.record, stored) {
	case restore:
		return l.restore(ctx, held, stored)
	case adopt:
		l.noteDivergence(held.record, stored)
		l.policyDue = true
		l.install(newState(l.base.snapshot, stored))
	}
	l.loaded = true
	return nil
}

// verdict is what to do about the record that Redis holds.
type verdict int

const (
	keep    verdict = iota // it is ours
	adopt                  // it is newer, or another of the same revision
	restore                // it is older than ours, gone or damaged: Redis has lost ours
)

func decide(held, stored record) verdict {
	switch {
	case stored.schema > schema:
		// A later release keeps its own books.
		if stored.stamp == held.stamp && stored.schema == held.schema {
			return keep
		}
		return adopt
	case held.readOnly() || stored.revision > held.revision:
		return adopt
	case stored.revision < held.revision, stored.stamp.id == "" && held.stamp.id != "":
		return restore
	case stored.stamp != held.stamp:
		return adopt
	case held.revision > 0 && !maps.Equal(stored.overrides, held.overrides):
		return restore // each change has a stamp of its own
	}
	return keep
}

// noteDivergence remembers that another change took the place of ours, as
// happens when a failover loses the last writes.
func (l *Live) noteDivergence(held, stored record) {
	lost := changedKeys(held.overrides, stored.overrides)
	if held.revision == 0 || stored.revision != held.revision || len(lost) == 0 {
		return
	}
	text := fmt.Sprintf("Redis lost revision %d as it was known here and holds another one. Values that differ: %s.",
		held.revision, strings.Join(lost, ", "))
	l.diverged.Store(&text)
}

// restore stores our own record again in place of an older one or none.
func (l *Live) restore(ctx context.Context, held *state, stored record) error {
	older := newState(l.base.snapshot, stored)
	e := restored(held, changesBetween(older, held, changedKeys(stored.overrides, held.record.overrides)))
	// Not ok: another instance was faster. The next poll looks at what it did.
	ok, err := l.commit(ctx, stored.stamp, held, e)
	if err != nil {
		return fmt.Errorf("store the live values again: %w", err)
	}
	if ok {
		l.lost.Store(true)
	}
	return nil
}

// restored is the entry for a record that is stored again.
func restored(held *state, changes []Change) Entry {
	return Entry{
		Revision: held.record.revision, ID: held.record.stamp.id, Note: NoteRestored,
		Overrides: held.record.overrides, Changes: changes,
	}
}

// renewPolicy stores the policy if Redis holds another one or none. The caller
// holds applying.
func (l *Live) renewPolicy(ctx context.Context) error {
	s := l.current.Load()
	if s.record.readOnly() {
		return nil
	}
	stored, err := l.hash(ctx, policyKey)
	if err != nil {
		return err
	}
	if !maps.Equal(stored, s.snapshot.Policy()) {
		if err := l.publishPolicy(ctx, s); err != nil {
			return fmt.Errorf("store %s: %w", policyKey, err)
		}
	}
	l.policyDue = false
	return nil
}

// renewLog begins the history again once Redis has lost it, so that the record
// in force can be rolled back to. The caller holds applying.
func (l *Live) renewLog(ctx context.Context) error {
	s := l.current.Load()
	if s.record.readOnly() || s.record.revision == 0 {
		return nil
	}
	if err := l.beginLog(ctx, s); err != nil {
		return fmt.Errorf("store %s: %w", logKey, err)
	}
	return nil
}
