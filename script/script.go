// Package script runs Helix's own Lua scripts also while Redis is out of
// memory, which is when policy has to change and the audit has to go on.
package script

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// Script is a script that Redis from 7.0 on runs also while it is out of
// memory, if the script says so; older ones do not understand the saying.
type Script struct {
	forms  [2]*redis.Script // with the flag, without
	prefer atomic.Int32     // the form that worked last
}

// New takes the script's source, which has to begin with a line break and has
// to compare before it sets: a lost reply makes the client send it again.
func New(source string) *Script {
	return &Script{forms: [2]*redis.Script{
		redis.NewScript("#!lua flags=allow-oom" + source),
		redis.NewScript(source),
	}}
}

// Run answers what the script does. When Redis refuses one form, the other is
// tried: a refused form has changed nothing.
func (s *Script) Run(ctx context.Context, c redis.Scripter, keys []string, args ...any) *redis.Cmd {
	first := s.prefer.Load()
	answer := s.forms[first].Run(ctx, c, keys, args...)
	if !Refused(answer.Err()) {
		return answer
	}
	other := 1 - first
	second := s.forms[other].Run(ctx, c, keys, args...)
	if second.Err() != nil {
		// The plain form's error is the server's true reason.
		if other == 1 {
			return second
		}
		return answer
	}
	s.prefer.Store(other)
	return second
}

// Refused says that Redis answered with an error, so that nothing was done.
func Refused(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}
