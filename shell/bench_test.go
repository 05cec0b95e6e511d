package shell_test

import (
	"context"
	"fmt"
	"io"
	"testing"

	"github.com/helix-collective/helix/shell"
)

// manyKeys lists n keys without making them anew each time.
func manyKeys(n int) shell.Command {
	return shell.CommandFunc(func(_ context.Context, c *shell.Call) (int, error) {
		key := []byte("session:user:ann@example.com:{0f3a}0123456789abcdef0123456789abcdef")
		for i := range n {
			key[len(key)-1] = byte('0' + i%10)
			if err := c.Stdout.WriteKey(key, key); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
}

// benchmark runs a program over a million keys an operation.
func benchmark(b *testing.B, source string, more ...func(*shell.Env)) {
	const n = 1_000_000
	program, err := shell.Parse(source)
	if err != nil {
		b.Fatal(err)
	}
	more = append(more, with("keys", manyKeys(n)), within(shell.Limits{Steps: 1 << 40, Output: 1 << 40}),
		func(env *shell.Env) { env.Stdout = io.Discard })
	b.ReportAllocs()
	for b.Loop() {
		if got := runProgram(b.Context(), program, more...); got.fault != nil {
			b.Fatal(got.fault)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
}

func BenchmarkKeysCounted(b *testing.B)       { benchmark(b, `keys | count`) }
func BenchmarkKeysThroughAStage(b *testing.B) { benchmark(b, `keys | cat | count`) }
func BenchmarkKeysPrinted(b *testing.B)       { benchmark(b, `keys`) }
func BenchmarkKeysRead(b *testing.B)          { benchmark(b, `keys | while read k; do :; done`) }
func BenchmarkKeysToABatcher(b *testing.B) {
	benchmark(b, `keys | xargs -I {} redis EXPIRE {} 86400`, with("redis", silent{}))
}
func BenchmarkKeysToOneCall(b *testing.B) {
	benchmark(b, `keys | xargs redis DEL`, with("redis", silent{}))
}
func BenchmarkKeysToScripts(b *testing.B) {
	benchmark(b, `keys | xargs -I {} sh -c 'echo "$(echo 5) {}"'`)
}

// silent is a Batcher that does nothing.
type silent struct{}

func (silent) Run(context.Context, *shell.Call) (int, error) { return 0, nil }

func (silent) RunBatch(context.Context, *shell.Call, [][]shell.Arg) (int, error) { return 0, nil }

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		if _, err := shell.Parse(`redis-cli KEYS "session:*" | xargs -I {} sh -c 'echo "$(redis-cli TTL {}) {}"' | sort -rn | head -1`); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkShortProgram(b *testing.B) {
	program, err := shell.Parse(`echo a | cat`)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if got := runProgram(b.Context(), program); got.out != "a\n" {
			b.Fatal(fmt.Sprint(got))
		}
	}
}
