package plans

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Approve notes that somebody agrees to a plan, and answers it as it is then.
// The author's agreement does not count, nor anybody's second one: that is a
// *NotCounted. Its author has at least Lifetime from then on to take the plan.
// An instance that cannot prove the plan answers *Elsewhere.
func (s *Store) Approve(ctx context.Context, id string, a Approver) (Plan, error) {
	for range maxTries {
		p, err := s.tryApprove(ctx, id, a)
		if !errors.Is(err, errChanged) {
			return p, err
		}
	}
	return Plan{}, fmt.Errorf("approve plan %s: %w", id, errChanged)
}

func (s *Store) tryApprove(ctx context.Context, id string, a Approver) (Plan, error) {
	f, ok, err := s.find(ctx, id, "")
	if err == nil && !ok {
		err = &Gone{id}
	}
	if err != nil {
		return Plan{}, err
	}
	v, err := s.view(id, f.sealed)
	if err == nil && !v.proven {
		err = &Elsewhere{id, v.plan.Instance}
	}
	if err != nil {
		return Plan{}, err
	}
	now := s.now(ctx)
	p, err := v.plan.agreed(a, now, s.lifetime)
	if err != nil {
		return Plan{}, err
	}
	sealed, err := s.sealer.seal(&p)
	if err != nil {
		return Plan{}, err
	}
	return p, s.replace(ctx, p, f, sealed, p.Until.Sub(now))
}

// agreed is the plan with one agreement more.
func (p Plan) agreed(a Approver, now time.Time, lifetime time.Duration) (Plan, error) {
	refuse := func(why Reason) (Plan, error) { return Plan{}, &NotCounted{p.ID, why} }
	switch {
	case !now.Before(p.Until):
		return Plan{}, &Gone{p.ID}
	case p.Approval == "":
		return refuse(Needless)
	case a.ID == "" || a.ID == p.Author:
		return refuse(ByAuthor)
	case p.approvedBy(a.ID):
		return refuse(Twice)
	case !now.Before(p.ApprovalUntil):
		return refuse(TooLate)
	case len(p.Approvers) >= maxApprovers:
		return refuse(TooMany)
	}
	a.At = now
	p.Approvers = append(p.Approvers, a)
	if least := now.Add(lifetime); p.Until.Before(least) {
		p.Until = least
	}
	return p, nil
}

// replace keeps a plan's new form where its old one was, or answers errChanged
// where it is not any more.
func (s *Store) replace(ctx context.Context, p Plan, f found, sealed string, life time.Duration) error {
	if f.inRedis {
		done, err := s.ledger.set(ctx, p, sealed, f.sealed, life)
		if err == nil && !done {
			err = errChanged
		}
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at, _, err := s.shelf.kept(p.ID)
	if err == nil && at != f.sealed {
		return errChanged
	}
	if err == nil {
		err = s.shelf.keep(p.ID, sealed, s.local().Add(life))
	}
	if err != nil {
		return fmt.Errorf("write plan %s: %w", p.ID, err)
	}
	return nil
}
