package sessions

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/redis/go-redis/v9"

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
	_, err := p.keys.Scan(ctx, p.over(indexPrefix+"*"), func(keys [][]byte) error {
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
	from    int64 // how far it was looked at
	whole   bool
	over    int64 // how many are still to be ended
}

// pruneAtOnce is how many members of an index are looked at in one step, which
// takes the server a tenth of a millisecond.
const pruneAtOnce = 50

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
	over := slices.DeleteFunc(all, func(l *listing) bool { return !p.isOver(l) })
	if p.plan {
		return p.planEvictions(ctx, over)
	}
	return p.evict(ctx, over)
}

// isOver notes by how many sessions a person is over the limit, as far as the
// index and a plan know.
func (p *pass) isOver(l *listing) bool {
	l.over = l.own + p.unlisted[l.userID] - int64(p.policy.MaxPerUser)
	if p.consent {
		l.over += l.foreign
	}
	if l.over <= 0 {
		delete(p.unlisted, l.userID)
	}
	return l.over > 0
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
	var elsewhere []listed
	for i, answer := range answers {
		for _, key := range p.pruned(list[i], answer.([]any)) {
			elsewhere = append(elsewhere, listed{list[i], key})
		}
	}
	return p.pruneElsewhere(ctx, elsewhere)
}

// listed is a session of other software in somebody's index.
type listed struct {
	in  *listing
	key string
}

// pruned takes what one step through an index came to, and answers the members
// that may be elsewhere.
func (p *pass) pruned(l *listing, answer []any) (foreign []string) {
	looked, gone, own := answer[0].(int64), answer[1].(int64), answer[2].(int64)
	l.own += own
	l.from += looked
	l.whole = looked < pruneAtOnce
	p.gone(l, gone)
	return asTexts(answer, 3)
}

// gone notes members of an index that are over.
func (p *pass) gone(l *listing, n int64) {
	p.report.Pruned += n
	if !p.plan { // they are in the index no more
		l.from -= n
	}
}

// pruneElsewhere does for members that are elsewhere what prune does.
func (p *pass) pruneElsewhere(ctx context.Context, all []listed) error {
	for some := range slices.Chunk(all, countAtOnce) {
		keys := make([]string, len(some))
		for i, member := range some {
			keys[i] = member.key
		}
		there, err := p.present(ctx, keys)
		if err != nil {
			return err
		}
		var over []Session
		for i, member := range some {
			if there[i] {
				member.in.foreign++
				continue
			}
			p.gone(member.in, 1)
			over = append(over, Session{UserID: member.in.userID, Key: member.key})
		}
		if p.plan {
			continue
		}
		if err := p.delist(ctx, over); err != nil {
			return err
		}
	}
	return nil
}
