package sessions

import (
	"context"
	"fmt"
	"slices"
	"strconv"

	"github.com/helix-collective/helix/script"
)

// maxSpared bounds how many members of an index are passed over.
const maxSpared = 1000

// evict ends what people have too many.
func (p *pass) evict(ctx context.Context, list []*listing) error {
	for len(list) > 0 {
		calls := make([]script.Call, len(list))
		for i, l := range list {
			calls[i] = p.evictCall(l)
		}
		answers, err := p.runAll(ctx, p.run.evict, calls)
		if err != nil {
			return fmt.Errorf("end what is over a person's limit: %w", err)
		}
		var foreign []evicted
		var more []*listing
		for i, answer := range answers {
			ended, theirs, err := readEvicted(list[i], answer.([]any))
			if err != nil {
				return err
			}
			p.report.OverLimit += ended
			foreign = append(foreign, theirs...)
			if list[i].over -= pruneAtOnce; list[i].over > 0 && ended+int64(len(theirs)) > 0 {
				more = append(more, list[i])
			}
		}
		if err := p.endForeign(ctx, foreign); err != nil {
			return err
		}
		list = more
	}
	return nil
}

func (p *pass) evictCall(l *listing) script.Call {
	spared := int64(0)
	if !p.consent {
		spared = min(l.foreign, maxSpared)
	}
	return script.Call{Keys: []string{l.key}, Args: []any{prefix(l.userID), p.policy.MaxPerUser, spared, min(l.over, pruneAtOnce)}}
}

// evicted is a session of other software that is one too many, and when it was
// used last, in µs.
type evicted struct {
	listed
	used int64
}

// readEvicted reads what the eviction of one person's sessions came to: how many
// were ended, and which are still to be.
func readEvicted(l *listing, answer []any) (ended int64, foreign []evicted, err error) {
	pairs := asTexts(answer, 1)
	for i := 0; i+1 < len(pairs); i += 2 {
		used, err := strconv.ParseFloat(pairs[i+1], 64)
		if err != nil {
			return 0, nil, fmt.Errorf("read when a session was used: %w", err)
		}
		foreign = append(foreign, evicted{listed{l, pairs[i]}, int64(used)})
	}
	return answer[0].(int64), foreign, nil
}

// endForeign ends sessions of other software that are too many. One that was used
// since stays, and is out of the index until the next pass.
func (p *pass) endForeign(ctx context.Context, list []evicted) error {
	for some := range slices.Chunk(list, actAtOnce) {
		calls := make([]script.Call, len(some))
		gone := make([]Session, len(some))
		for i, e := range some {
			calls[i] = p.sweepCall(foreign(e.key))
			calls[i].Args = append(calls[i].Args, e.used)
			gone[i] = Session{UserID: e.in.userID, Key: e.key}
		}
		answers, err := p.runAll(ctx, p.run.sweep, calls)
		if err != nil {
			return fmt.Errorf("end other software's sessions: %w", err)
		}
		for _, answer := range answers {
			p.report.count(verdict(answer.(string)))
		}
		if err := p.delist(ctx, gone); err != nil {
			return err
		}
	}
	return nil
}

// planEvictions is evict for a plan.
func (p *pass) planEvictions(ctx context.Context, list []*listing) error {
	for _, l := range list {
		if err := p.planEviction(ctx, l); err != nil {
			return err
		}
		delete(p.unlisted, l.userID)
	}
	return nil
}

// planEviction counts what a person will have too many once those are ended that
// are past their time.
func (p *pass) planEviction(ctx context.Context, l *listing) error {
	n := p.unlisted[l.userID]
	for from, whole := int64(0), false; from < maxPlanned && !whole; from += listAtOnce {
		members, err := p.client.ZRange(ctx, l.key, from, from+listAtOnce-1).Result()
		if err != nil {
			return fmt.Errorf("list the sessions of a person: %w", err)
		}
		list, _, err := p.Store.listed(ctx, l.userID, members)
		if err != nil {
			return err
		}
		for _, s := range list {
			if v := p.judge(s); (v == stays || v == endless) && (p.consent || !s.Foreign) {
				n++
			}
		}
		whole = len(members) < listAtOnce
	}
	p.report.OverLimit += max(n-int64(p.policy.MaxPerUser), 0)
	return nil
}

// maxPlanned bounds how many sessions of one person a plan looks at: above it the
// plan finds fewer that are too many.
const maxPlanned = 20_000
