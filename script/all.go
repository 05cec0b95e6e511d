package script

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Call is what one run of a script is given. In a Cluster its keys are of one slot.
type Call struct {
	Keys []string
	Args []any
}

// RunAll runs the script once for each call, in one round trip or, where a server
// does not have the script yet, a few more. It answers what each run came to, in
// order. The error is the first of theirs.
func (s *Script) RunAll(ctx context.Context, c redis.UniversalClient, calls []Call) ([]*redis.Cmd, error) {
	done := make([]*redis.Cmd, len(calls))
	left := make([]int, len(calls))
	for i := range calls {
		left[i] = i
	}
	for len(left) > 0 {
		left = s.pipeline(ctx, c, calls, left, done)
		if len(left) == 0 {
			break
		}
		first := calls[left[0]]
		done[left[0]] = s.Run(ctx, c, first.Keys, first.Args...) // which gives the server the script
		if err := done[left[0]].Err(); err != nil {
			return nil, err
		}
		left = left[1:]
	}
	for _, cmd := range done {
		if err := cmd.Err(); err != nil {
			return done, err
		}
	}
	return done, nil
}

// pipeline sends those calls that are left, and answers those whose server does
// not have the script.
func (s *Script) pipeline(ctx context.Context, c redis.UniversalClient, calls []Call, left []int, done []*redis.Cmd) (unknown []int) {
	form := s.forms[s.prefer.Load()]
	_, _ = c.Pipelined(ctx, func(p redis.Pipeliner) error { // each command has its error
		for _, i := range left {
			done[i] = form.EvalSha(ctx, p, calls[i].Keys, calls[i].Args...)
		}
		return nil
	})
	for _, i := range left {
		if redis.HasErrorPrefix(done[i].Err(), "NOSCRIPT") {
			unknown = append(unknown, i)
		}
	}
	return unknown
}
