package settings

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/script"
)

// Script lets a test run a script of its own the way ours run.
type Script struct{ s *script.Script }

func NewScript(source string) Script { return Script{script.New(source)} }

func (s Script) Run(ctx context.Context, c redis.Scripter, keys ...string) (int, error) {
	return s.s.Run(ctx, c, keys).Int()
}
