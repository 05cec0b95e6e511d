package settings

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
)

// script runs a Lua script of ours also while Redis is out of memory, which is
// when policy has to change. Redis from 7.0 on lets it, if the script says so;
// older ones do not understand the saying.
type script struct {
	forms  [2]*redis.Script // with the flag, without
	prefer atomic.Int32     // the form that worked last
}

func newScript(source string) *script {
	return &script{forms: [2]*redis.Script{
		redis.NewScript("#!lua flags=allow-oom" + source),
		redis.NewScript(source),
	}}
}

// run answers the script's number. When Redis refuses one form, the other is
// tried: a refused form has changed nothing, and one that was carried out is
// not carried out twice, since our scripts compare before they set.
func (s *script) run(ctx context.Context, c redis.Scripter, keys []string, args []any) (int, error) {
	first := s.prefer.Load()
	n, err := s.forms[first].Run(ctx, c, keys, args...).Int()
	if !refused(err) {
		return n, err
	}
	other := 1 - first
	n, otherErr := s.forms[other].Run(ctx, c, keys, args...).Int()
	if otherErr != nil {
		// The plain form's error is the server's true reason.
		if other == 1 {
			return n, otherErr
		}
		return n, err
	}
	s.prefer.Store(other)
	return n, nil
}

// refused says that Redis answered with an error, so that nothing was done.
func refused(err error) bool {
	var reply redis.Error
	return errors.As(err, &reply)
}
