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

// Stands answers [ErrSilent] for a context under a right that does not stand at this
// moment. It is for what is sent to Redis on connections of one's own, which no hook
// sees.
func Stands(ctx context.Context) error {
	if m, under := ctx.Value(rightKey{}).(*Member); under && !m.Holds() {
		return ErrSilent
	}
	return nil
}

// DialHook lets every connection be made.
func (Gate) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

// ProcessHook refuses a command.
func (Gate) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := Stands(ctx); err != nil {
			cmd.SetErr(err)
			return err
		}
		return next(ctx, cmd)
	}
}

// ProcessPipelineHook refuses a pipeline as a whole.
func (Gate) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if err := Stands(ctx); err != nil {
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
			return err
		}
		return next(ctx, cmds)
	}
}
