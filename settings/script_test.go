package settings_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/settings"
)

const writing = "\nredis.call('SET', KEYS[1], 'x') return 1"

func TestScriptsWriteWhileRedisIsOutOfMemory(t *testing.T) {
	c := startReal(t, "--maxmemory", "1").client(t)
	if n, err := settings.NewScript(writing).Run(t.Context(), c, "k"); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// old is a Redis before 7.0, which does not know the flags of scripts.
type old struct {
	resending
	tries atomic.Int32
}

func (o *old) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if !strings.HasPrefix(cmd.Name(), "eval") {
			return next(ctx, cmd)
		}
		o.tries.Add(1)
		if text, _ := cmd.Args()[1].(string); cmd.Name() == "eval" && strings.HasPrefix(text, "#!") {
			err := compileError("ERR Error compiling script (new function): user_script:1: unexpected symbol near '#'")
			cmd.SetErr(err)
			return err
		}
		return next(ctx, cmd)
	}
}

type compileError string

func (e compileError) Error() string { return string(e) }
func (e compileError) RedisError()   {}

func TestAnOldRedisGetsTheScriptWithoutItsFlag(t *testing.T) {
	onEveryRedis(t, func(t *testing.T, client clients) {
		ctx, c := t.Context(), client(t)
		o := &old{}
		c.AddHook(o)
		script := settings.NewScript(writing)
		if n, err := script.Run(ctx, c, "k"); n != 1 || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
		o.tries.Store(0)
		if n, err := script.Run(ctx, c, "k"); n != 1 || err != nil || o.tries.Load() != 1 {
			t.Errorf("%d, %v; it took %d tries once it is known", n, err, o.tries.Load())
		}
		if err := c.Del(ctx, "k").Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := settings.NewScript("\nreturn redis.call('NONSENSE')").Run(ctx, c, "k"); err == nil || strings.Contains(err.Error(), "unexpected symbol") {
			t.Errorf("the true reason is hidden: %v", err)
		}
		if _, err := script.Run(ctx, c); err == nil {
			t.Error("a script without its key works")
		}
	})
}
