package dial

import (
	"context"
	"errors"
	"net"

	"github.com/redis/go-redis/v9"
)

// OutOfReach is a connection that could not be opened, whatever the reason:
// the network, TLS, or Sentinels that know no such master. It is a net.Error,
// as some of its reasons are not.
type OutOfReach struct{ Err error }

func (e *OutOfReach) Error() string { return e.Err.Error() }

// Unwrap hides that the time to connect ran out: net and TLS call that
// context.DeadlineExceeded too, but no deadline of the caller's has passed.
func (e *OutOfReach) Unwrap() error {
	if errors.Is(e.Err, context.DeadlineExceeded) {
		return nil
	}
	return e.Err
}

// Timeout reports whether the reason was a deadline.
func (e *OutOfReach) Timeout() bool {
	var network net.Error
	return errors.As(e.Err, &network) && network.Timeout()
}

// Temporary completes net.Error.
func (e *OutOfReach) Temporary() bool { return true }

// reach is a hook that makes every failure to connect an *OutOfReach.
type reach struct{}

func (reach) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := next(ctx, network, addr)
		if err != nil {
			return nil, &OutOfReach{err}
		}
		return conn, nil
	}
}

func (reach) ProcessHook(next redis.ProcessHook) redis.ProcessHook { return next }

func (reach) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}
