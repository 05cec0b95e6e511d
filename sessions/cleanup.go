package sessions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/helix-collective/helix/script"
)

// Report is what one pass of cleanup did, or would do, and why.
type Report struct {
	At   time.Time     `json:"at"`      // when it began, by the server's clock
	Took time.Duration `json:"took_ns"` // how long it was at it
	Plan bool          `json:"plan,omitempty"`

	Sessions  int64 `json:"sessions"`   // there were
	Idle      int64 `json:"idle"`       // ended: not used for the idle timeout
	Age       int64 `json:"age"`        // ended: past the absolute age
	OverLimit int64 `json:"over_limit"` // ended: one too many of their person, those not used for longest
	GivenTTL  int64 `json:"given_ttl"`  // had none, and end now when the policy says
	Listed    int64 `json:"listed"`     // of other software, and count towards their person from now on
	Pruned    int64 `json:"pruned"`     // entries of indexes whose session was over
	Left      int64 `json:"left"`       // were to be ended, and were used or ended meanwhile

	Foreign Foreign `json:"foreign"`
	// Partial says that it ended before it had seen everything.
	Partial bool `json:"partial,omitempty"`
}

// Foreign is what a pass found of other software's sessions. Where nobody has
// confirmed a cleanup of them, they are left alone: nothing of this is then part
// of what the pass did.
type Foreign struct {
	Confirmed  bool  `json:"confirmed"`
	Sessions   int64 `json:"sessions"`
	Idle       int64 `json:"idle"`
	Age        int64 `json:"age"`
	WithoutTTL int64 `json:"without_ttl"`
}

// Ended answers how many sessions a pass ended.
func (r Report) Ended() int64 { return r.Idle + r.Age + r.OverLimit }

// Cleanup applies the policy in force to all sessions that there are: it ends
// those past their idle timeout or absolute age, gives a TTL to those without,
// never a longer one to any, ends those of people who have too many, the ones not
// used for longest, and takes out of the indexes what is no session any more. It
// decides on each in one step on the server, so what is used meanwhile stays. It
// goes in steps of about a millisecond, at the pace of Options.Share, and holds no
// more in memory than one such step.
//
// Sessions of other software are ended, given a TTL and counted towards people
// only once ConfirmForeign was called; one without a number for last_accessed is
// never taken for idle.
//
// No two of them run at once, on any instance: a second one's error is
// ErrCleaning. The report of a whole pass is kept, see Reports. After an error it
// is Partial, and what it says was done.
func (s *Store) Cleanup(ctx context.Context) (Report, error) {
	var report Report
	err := s.alone(ctx, lock{lockKey, ErrCleaning}, func(ctx context.Context) error {
		consent, err := s.Consent(ctx)
		if err != nil {
			return err
		}
		p := &pass{consent: consent.Given()}
		if report, err = s.runPass(ctx, p); err != nil {
			return err
		}
		return errors.Join(s.keepReport(ctx, report), p.keepCensus(ctx))
	})
	if err != nil {
		report.Partial = true
		return report, fmt.Errorf("clean up the sessions: %w", err)
	}
	return report, nil
}

// PlanCleanup answers what Cleanup would do at this moment, and changes nothing.
// With foreign it answers that as if somebody had confirmed a cleanup of other
// software's sessions. It tells 100,000 people with such sessions apart; above
// that it finds fewer who have too many.
func (s *Store) PlanCleanup(ctx context.Context, foreign bool) (Report, error) {
	consent, err := s.Consent(ctx)
	if err == nil {
		p := &pass{consent: foreign || consent.Given(), plan: true, unlisted: make(map[string]int64)}
		var report Report
		if report, err = s.runPass(ctx, p); err == nil {
			return report, nil
		}
	}
	return Report{Plan: true, Partial: true}, fmt.Errorf("plan a cleanup of the sessions: %w", err)
}

// pass is one cleanup, under one policy.
type pass struct {
	*Store
	policy  Policy
	consent bool      // sessions of other software are treated like ours
	plan    bool      // nothing is changed
	began   time.Time // by the clock of Redis, and by one that nobody sets
	since   time.Time
	report  Report

	left   *taker        // of what there is afterwards
	worked time.Duration // the servers, on reading the sessions

	strides  map[*script.Script]*stride
	unlisted map[string]int64 // of a plan: sessions of other software that an index lacks, by person
}

func (s *Store) runPass(ctx context.Context, p *pass) (Report, error) {
	p.Store, p.policy = s, s.policy()
	start := time.Now()
	now, err := s.client.Time(ctx).Result()
	if err != nil {
		return p.report, fmt.Errorf("ask for the time: %w", err)
	}
	p.began, p.since = now, time.Now()
	p.report.At, p.report.Plan, p.report.Foreign.Confirmed = now, p.plan, p.consent
	p.left = newTaker(now, p.policy)
	if p.worked, err = p.each(ctx, func(batch []Session) error { return p.sessions(ctx, batch) }); err == nil {
		err = p.indexes(ctx)
	}
	p.report.Took = time.Since(start)
	p.report.Partial = err != nil
	return p.report, err
}

// verdict is what is to become of a session.
type verdict string

const (
	stays   verdict = ""
	isIdle  verdict = "idle"
	isOld   verdict = "age"
	endless verdict = "ttl"
	tooMany verdict = "limit"
)

// judge decides about a session as the scripts do.
func (p *pass) judge(s Session) verdict {
	now := p.began.Add(time.Since(p.since))
	switch {
	case s.Malformed:
	case !s.LastAccessed.IsZero() && now.Sub(s.LastAccessed) >= p.policy.IdleTimeout:
		return isIdle
	case !s.CreatedAt.IsZero() && now.Sub(s.CreatedAt) >= p.policy.TTL:
		return isOld
	}
	if s.ExpiresIn == NoExpiry {
		return endless
	}
	return stays
}

// count adds what became of a session to the report.
func (r *Report) count(v verdict) {
	switch v {
	case isIdle:
		r.Idle++
	case isOld:
		r.Age++
	case endless:
		r.GivenTTL++
	case tooMany:
		r.OverLimit++
	default:
		r.Left++
	}
}

func (f *Foreign) count(v verdict) {
	f.Sessions++
	switch v {
	case isIdle:
		f.Idle++
	case isOld:
		f.Age++
	case endless:
		f.WithoutTTL++
	}
}

// sessions is the first half of a pass, for some sessions.
func (p *pass) sessions(ctx context.Context, batch []Session) error {
	var act, list []Session
	for _, s := range batch {
		v := p.judge(s)
		p.report.Sessions++
		if s.Foreign {
			p.report.Foreign.count(v)
			if !p.consent {
				p.left.add(s)
				continue
			}
		}
		p.left.leave(s, v)
		if v != stays {
			act = append(act, s)
		}
		if s.Foreign && (v == stays || v == endless) && s.UserID != "" && checkUserID(s.UserID) == nil {
			list = append(list, s)
		}
	}
	if p.plan {
		for _, s := range act {
			p.report.count(p.judge(s))
		}
		return p.findUnlisted(ctx, list)
	}
	if err := p.sweep(ctx, act); err != nil {
		return err
	}
	return p.enlist(ctx, list)
}

// sweep has the server judge sessions anew, and end them or give them a TTL.
func (p *pass) sweep(ctx context.Context, list []Session) error {
	for some := range slices.Chunk(list, actAtOnce) {
		calls := make([]script.Call, len(some))
		for i, s := range some {
			place, _ := at(s.Key)
			calls[i] = p.sweepCall(place)
		}
		answers, err := p.runAll(ctx, p.run.sweep, calls)
		if err != nil {
			return fmt.Errorf("end sessions past their time: %w", err)
		}
		var ended []Session
		for i, answer := range answers {
			v := verdict(answer.(string))
			p.report.count(v)
			if some[i].Foreign && (v == isIdle || v == isOld) {
				ended = append(ended, some[i])
			}
		}
		if err := p.delist(ctx, ended); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) sweepCall(at place) script.Call {
	return script.Call{Keys: at.keys()[:min(2, len(at.keys()))], Args: []any{p.policy.IdleTimeout.Milliseconds(), p.policy.TTL.Milliseconds(), at.id}}
}

// runAll runs a script many times, in strides, and answers what each run did.
// After each stride it leaves the server the rest that is due to it.
func (p *pass) runAll(ctx context.Context, s *script.Script, calls []script.Call) ([]any, error) {
	stride := p.strideOf(s)
	answers := make([]any, 0, len(calls))
	for len(calls) > 0 {
		some := calls[:min(stride.next(), len(calls))]
		calls = calls[len(some):]
		start := time.Now()
		done, err := s.RunAll(ctx, p.client, some)
		if err != nil {
			return nil, err
		}
		took := time.Since(start)
		stride.learn(len(some), took)
		for _, cmd := range done {
			answers = append(answers, cmd.Val())
		}
		if err := p.rest(ctx, took); err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func (p *pass) strideOf(s *script.Script) *stride {
	if p.strides == nil {
		p.strides = make(map[*script.Script]*stride)
	}
	if p.strides[s] == nil {
		p.strides[s] = &stride{}
	}
	return p.strides[s]
}

// rest waits for as long as others are to have the server after work for a pass.
func (p *pass) rest(ctx context.Context, work time.Duration) error {
	share := time.Duration(min(max(p.share(), 1), 100))
	if share == 100 {
		return ctx.Err()
	}
	select {
	case <-time.After(work * (100 - share) / share):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
