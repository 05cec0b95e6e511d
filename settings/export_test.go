package settings

import (
	"context"

	"github.com/redis/go-redis/v9"
)

// Script lets a test run a script of its own the way ours run.
type Script struct{ s *script }

func NewScript(source string) Script { return Script{newScript(source)} }

func (s Script) Run(ctx context.Context, c redis.Scripter, keys ...string) (int, error) {
	return s.s.run(ctx, c, keys, nil)
}
