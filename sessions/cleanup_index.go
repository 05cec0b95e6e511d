package sessions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/keyspace"
	"github.com/helix-collective/helix/script"
)

// indexLasts is for how many ms an index lasts after its last change: longer than
// any session in it.
func (p *pass) indexLasts() int64 {
	return (p.policy.TTL + 2*p.policy.IdleTimeout).Milliseconds()
}

// enlist has other software's sessions count towards their people, each by when
// it was used last.
func (p *pass) enlist(ctx context.Context, list []Session) error {
	_, stale, err := p.scores(ctx, list)
	if err != nil {
		return err
	}
	for some := range slices.Chunk(stale, actAtOnce) {
		calls := make([]script.Call, len(some))
		for i, s := range some {
			calls[i] = script.Call{Keys: []string{index(s.UserID)}, Args: []any{lastUse(s), s.Key, p.indexLasts()}}
		}
		answers, err := p.runAll(ctx, p.run.enlist, calls)
		if err != nil {
			return fmt.Errorf("list other software's sessions: %w", err)
		}
		for _, answer := range answers {
			p.report.Listed += answer.(int64)
		}
	}
	return nil
}

// scores answers which of other software's sessions their indexes lack, and which
// they lack or have with another last use than the sessions say.
func (p *pass) scores(ctx context.Context, list []Session) (missing, stale []Session, err error) {
	for some := range slices.Chunk(list, readAtOnce) {
		replies, _ := p.client.Pipelined(ctx, func(pipe redis.Pipeliner) error { // each has its error
			for _, s := range some {
				pipe.ZScore(ctx, index(s.UserID), s.Key)
			}
			return nil
		})
		for i, reply := range replies {
			score, err := reply.(*redis.FloatCmd).Result()
			switch {
			case errors.Is(err, redis.Nil):
				missing, stale = append(missing, some[i]), append(stale, some[i])
			case redis.HasErrorPrefix(err, "WRONGTYPE"):
			case err != nil:
				return nil, nil, fmt.Errorf("look for other software's sessions in the indexes: %w", err)
			case int64(score) != lastUse(some[i]):
				stale = append(stale, some[i])
			}
		}
	}
	return missing, stale, nil
}

// lastUse answers, in µs, when a session was used last as far as it says.
func lastUse(s Session) int64 {
	switch {
	case !s.LastAccessed.IsZero():
		return s.LastAccessed.UnixMicro()
	case !s.CreatedAt.IsZero():
		return s.CreatedAt.UnixMicro()
	}
	return 0
}

// delist takes other software's sessions that were ended out of the indexes.
func (p *pass) delist(ctx context.Context, list []Session) error {
	if len(list) == 0 {
		return nil
	}
	replies, err := p.client.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for _, s := range list {
			pipe.ZRem(ctx, index(s.UserID), s.Key)
		}
		return nil
	})
	for _, reply := range replies {
		if failed := reply.Err(); failed != nil && !redis.HasErrorPrefix(failed, "WRONGTYPE") {
			return fmt.Errorf("take sessions that are over out of the index: %w", err)
		}
	}
	return nil
}

// findUnlisted notes for a plan whose sessions of other software no index has
// yet.
func (p *pass) findUnlisted(ctx context.Context, list []Session) error {
	missing, _, err := p.scores(ctx, list)
	for _, s := range missing {
		p.report.Listed++
		p.noteUnlisted(s.UserID)
	}
	return err
}

func (p *pass) noteUnlisted(userID string) {
	if _, known := p.unlisted[userID]; known || len(p.unlisted) < mostPeople {
		p.unlisted[userID]++
	}
}

// indexes is the second half of a pass: it goes through the indexes of all
// people.
func (p *pass) indexes(ctx context.Context) error {
	q := keyspace.Query{Pattern: indexPrefix + "*", Share: p.share()}
	_, err := p.keys.Scan(ctx, q, func(keys [][]byte) error {
		for some := range slices.Chunk(keys, actAtOnce) {
			if err := p.trim(ctx, some); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("go through the indexes: %w", err)
	}
	for _, n := range p.unlisted { // of people without an index
		p.report.OverLimit += max(n-int64(p.policy.MaxPerUser), 0)
	}
	return nil
}

// listing is the index of one person in a pass.
type listing struct {
	userID  string
	key     string
	own     int64 // sessions of ours
	foreign int64 // of other software
	members []any // of other software, as far as they were looked at last
	from    int64 // how far it was looked at
	whole   bool
}

// pruneAtOnce is how many members of an index are looked at in one step.
const pruneAtOnce = 200

// trim prunes some indexes and ends what their people have too many.
func (p *pass) trim(ctx context.Context, keys [][]byte) error {
	var all []*listing
	for _, key := range keys {
		if userID, ok := userOfIndex(string(key)); ok {
			all = append(all, &listing{userID: userID, key: string(key)})
		}
	}
	for left := all; len(left) > 0; {
		if err := p.prune(ctx, left); err != nil {
			return err
		}
		left = slices.DeleteFunc(slices.Clone(left), func(l *listing) bool { return l.whole })
	}
	for _, l := range all {
		if p.over(l) <= 0 {
			delete(p.unlisted, l.userID)
			continue
		}
		if err := p.evict(ctx, l); err != nil {
			return err
		}
		delete(p.unlisted, l.userID)
	}
	return nil
}

// over answers by how many sessions a person is over the limit, as far as the
// index and a plan know.
func (p *pass) over(l *listing) int64 {
	n := l.own + p.unlisted[l.userID]
	if p.consent {
		n += l.foreign
	}
	return n - int64(p.policy.MaxPerUser)
}

// prune looks at the next members of some indexes.
func (p *pass) prune(ctx context.Context, list []*listing) error {
	mode := ""
	if p.plan {
		mode = "plan"
	}
	calls := make([]script.Call, len(list))
	for i, l := range list {
		calls[i] = script.Call{Keys: []string{l.key}, Args: []any{prefix(l.userID), l.from, pruneAtOnce, p.indexLasts(), mode}}
	}
	answers, err := p.runAll(ctx, p.run.prune, calls)
	if err != nil {
		return fmt.Errorf("prune the indexes: %w", err)
	}
	for i, answer := range answers {
		if err := p.pruned(ctx, list[i], answer.([]any)); err != nil {
			return err
		}
	}
	return nil
}

// pruned takes what one step through an index came to, and does the same for its
// members that are elsewhere.
func (p *pass) pruned(ctx context.Context, l *listing, answer []any) error {
	looked, gone, own := answer[0].(int64), answer[1].(int64), answer[2].(int64)
	foreign := asTexts(answer, 3)
	there, err := p.presentOf(ctx, foreign)
	if err != nil {
		return err
	}
	var over []any
	for i, is := range there {
		if !is {
			over = append(over, foreign[i])
		}
	}
	l.own += own
	l.foreign += int64(len(foreign) - len(over))
	gone += int64(len(over))
	p.report.Pruned += gone
	l.from += looked
	l.whole = looked < pruneAtOnce
	if p.plan {
		return nil
	}
	l.from -= gone
	return p.unlist(ctx, l.userID, over)
}

func (p *pass) presentOf(ctx context.Context, keys []string) ([]bool, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	return p.present(ctx, keys)
}

// evict ends what a person has too many, or counts it for a plan.
func (p *pass) evict(ctx context.Context, l *listing) error {
	if p.plan {
		return p.planEviction(ctx, l)
	}
	spared := l.foreign
	if p.consent {
		spared = 0
	}
	if spared > maxSpared {
		return nil // a foreign hand's doing: to look through them would take long
	}
	for left := p.over(l); left > 0; {
		n := min(left, pruneAtOnce)
		answers, err := p.runAll(ctx, p.run.evict, []script.Call{{Keys: []string{l.key}, Args: []any{prefix(l.userID), p.policy.MaxPerUser, spared, n}}})
		if err != nil {
			return fmt.Errorf("end what is over a person's limit: %w", err)
		}
		answer := answers[0].([]any)
		p.report.OverLimit += answer[0].(int64)
		foreign := asTexts(answer, 1)
		if err := p.endForeign(ctx, l, foreign); err != nil {
			return err
		}
		if answer[0].(int64) == 0 && len(foreign) == 0 {
			return nil
		}
		left -= n
	}
	return nil
}

// maxSpared bounds how many members of an index are passed over.
const maxSpared = 1000

// endForeign ends sessions of other software that are too many: keys, each with
// its last use in µs. One that was used since stays.
func (p *pass) endForeign(ctx context.Context, l *listing, pairs []string) error {
	var calls []script.Call
	var keys []any
	for i := 0; i+1 < len(pairs); i += 2 {
		used, err := strconv.ParseFloat(pairs[i+1], 64)
		if err != nil {
			return fmt.Errorf("read when a session was used: %w", err)
		}
		call := p.sweepCall(foreign(pairs[i]))
		call.Args = append(call.Args, int64(used))
		calls, keys = append(calls, call), append(keys, pairs[i])
	}
	answers, err := p.runAll(ctx, p.run.sweep, calls)
	if err != nil {
		return fmt.Errorf("end other software's sessions: %w", err)
	}
	for _, answer := range answers {
		p.report.count(verdict(answer.(string)))
	}
	return p.unlist(ctx, l.userID, keys)
}

// planEviction counts what a person will have too many once those are ended that
// are past their time.
func (p *pass) planEviction(ctx context.Context, l *listing) error {
	members, err := p.client.ZRange(ctx, l.key, 0, int64(maxPlanned)).Result()
	if err != nil {
		return fmt.Errorf("list the sessions of a person: %w", err)
	}
	n := p.unlisted[l.userID]
	for some := range slices.Chunk(members, listAtOnce) {
		list, _, err := p.listed(ctx, l.userID, some)
		if err != nil {
			return err
		}
		for _, s := range list {
			if v := p.judge(s); (v == stays || v == endless) && (p.consent || !s.Foreign) {
				n++
			}
		}
	}
	p.report.OverLimit += max(n-int64(p.policy.MaxPerUser), 0)
	return nil
}

// maxPlanned bounds how many sessions of one person a plan looks at: above it the
// plan finds fewer that are too many.
const maxPlanned = 20_000
