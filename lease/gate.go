package lease

import (
	"context"
	"net"

	"github.com/redis/go-redis/v9"
)

type rightKey struct{}

// With answers a context under which a [Gate] lets commands through only while the
// right stands.
func With(ctx context.Context, m *Member) context.Context {
	return context.WithValue(ctx, rightKey{}, m)
}

// Gate is a hook of Redis clients: a command that is asked under the right is
// refused with [ErrSilent] where the right does not stand at the moment of sending.
// Commands that are asked without it pass.
type Gate struct{}

func closed(ctx context.Context) bool {
	m, under := ctx.Value(rightKey{}).(*Member)
	return under && !m.Holds()
}

// DialHook lets every connection be made.
func (Gate) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook refuses a command.
func (Gate) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if closed(ctx) {
			cmd.SetErr(ErrSilent)
			return ErrSilent
		}
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook refuses a pipeline as a whole.
func (Gate) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if closed(ctx) {
			for _, cmd := range cmds {
				cmd.SetErr(ErrSilent)
			}
			return ErrSilent
		}
		return next(ctx, cmds)
	}
}
