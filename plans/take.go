package plans

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/helix-collective/helix/script"
)

// errChanged says that a plan changed between the look at it and the change to
// it; another try sees it as it is.
var errChanged = errors.New("it keeps changing")

// maxTries bounds how often that is tried.
const maxTries = 10

// Take hands out a plan for its only run, with its steps, which the caller
// closes. However many ask, in whatever instance, one gets it.
//
// by names one confirmation, as the id of a click does, and no other: whoever
// repeats a Take with it, since the answer was lost, gets what the lost one
// claimed, unless that was handed out.
//
// The refusals are *Gone; *Unapproved and *Elsewhere, which leave the plan as
// it was; and *TamperedError for one that is not what was put.
func (s *Store) Take(ctx context.Context, id, by string) (Plan, *Steps, error) {
	token := tokenOf(by)
	for range maxTries {
		p, steps, err := s.tryTake(ctx, id, token)
		if !errors.Is(err, errChanged) {
			return p, steps, err
		}
	}
	return Plan{}, nil, fmt.Errorf("take plan %s: %w", id, errChanged)
}

// tokenOf makes a token of fixed form; for an empty name one of its own.
func tokenOf(by string) string {
	if by == "" {
		by = NewID()
	}
	sum := sha256.Sum256([]byte(by))
	return hex.EncodeToString(sum[:])
}

func (s *Store) tryTake(ctx context.Context, id, token string) (Plan, *Steps, error) {
	f, ok, err := s.find(ctx, id, token)
	if err == nil && !ok {
		err = &Gone{id}
	}
	if err != nil {
		return Plan{}, nil, err
	}
	v, err := s.view(id, f.sealed)
	if err == nil && !v.here {
		err = s.elsewhere(ctx, v.plan, f, token)
	}
	if err == nil {
		err = v.plan.ready(s.now(ctx))
	}
	if err != nil {
		return Plan{}, nil, err
	}
	steps, err := s.open(v.plan)
	if err != nil {
		return Plan{}, nil, err
	}
	if err := s.claim(ctx, id, token, f); err != nil {
		return Plan{}, nil, errors.Join(err, steps.content.Close())
	}
	return v.plan, steps, nil
}

// elsewhere answers why the steps of a plan are not here: they never were, or
// somebody claimed them since we looked.
func (s *Store) elsewhere(ctx context.Context, p Plan, f found, token string) error {
	again, _, err := s.find(ctx, p.ID, token)
	switch {
	case err != nil:
		return err
	case again != f:
		return errChanged
	case f.claimed:
		return &Gone{p.ID}
	}
	return &Elsewhere{p.ID, p.Instance}
}

// ready answers why a plan cannot be taken now, if it cannot.
func (p Plan) ready(now time.Time) error {
	switch {
	case !now.Before(p.Until):
		return &Gone{p.ID}
	case !p.Approved():
		return &Unapproved{p.ID, p.Approval}
	}
	return nil
}

// open opens the steps of a plan once they are proven to be those recorded.
func (s *Store) open(p Plan) (*Steps, error) {
	c, ok, err := s.shelf.open(p.ID)
	if err != nil {
		return nil, fmt.Errorf("open the steps of plan %s: %w", p.ID, err)
	}
	if !ok {
		return nil, &Gone{p.ID}
	}
	if err := verify(p, c); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &Steps{id: p.ID, content: c, in: bufio.NewReaderSize(c, chunkSize), total: p.Steps, left: p.Steps,
		removed: func() error { return s.shelf.remove(p.ID) }}, nil
}

// claim makes a plan ours: in Redis, where all instances see it, and then at
// this one, which has the only copy of the steps. So a Redis that refuses
// writes does not let a plan run twice.
func (s *Store) claim(ctx context.Context, id, token string, f found) error {
	answer, err := s.ledger.mark(ctx, id, token, f.sealed)
	switch {
	case script.Refused(err):
	case err != nil:
		return err
	case answer == claimChanged:
		return errChanged
	case answer == claimOthers, answer == claimNothing && f.inRedis:
		return &Gone{id}
	}
	ok, err := s.shelf.claim(id)
	if err != nil {
		return fmt.Errorf("claim plan %s: %w", id, err)
	}
	if !ok {
		return &Gone{id}
	}
	return nil
}
