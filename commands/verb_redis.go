package commands

import (
	"context"
	"strings"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/shell"
)

func redisVerb() verb {
	return verb{
		name:    "redis",
		aliases: []string{"redis-cli"},
		summary: "run a Redis command, as redis-cli does",
		usage:   []string{"[-n DB] COMMAND [ARGUMENT…]", "--scan [--pattern GLOB] [--type TYPE]"},
		details: "Pipe the result through wc, head, sort, uniq, cut, grep, sed, awk, jq and the like.\n" +
			"Also: --raw, --no-raw, --json, --csv, -d DELIMITER, -e.\n" +
			"MONITOR and SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE show what happens for 10 s, or --for 1s to 60s.\n" +
			"What changes something is shown as a plan first, with Confirm and Cancel, and `undo` takes it back;\n" +
			"a write to a single small key that can be taken back is made at once.\n" +
			"On Discord secrets in values show as ••• and ids of sessions by their first eight characters, as in\n" +
			"session:3f2a9c01…; every command takes such a short form for the whole key.",
		examples: []string{
			"!redis dbsize",
			"!redis keys session:* | wc -l",
			"!redis ttl session:abc123",
			`!redis --scan --pattern "session:user:*" | cut -d: -f3 | sort | uniq -c | sort -rn | head -10`,
			"!redis info memory | grep used_memory_human",
			"!redis monitor --for 1s | grep -v '{helix}'",
		},
		reads: redisReads,
		slash: SlashVerb{Forms: []SlashForm{{Options: []SlashOption{
			{Name: "command", Summary: "what follows !redis, pipes included; left out, a large field asks for a script", Kind: Free, Long: true, source: redisSource},
		}}}},
		check: func(ctx context.Context, t *turn, args []shell.SourceArg) error {
			return t.guard.Check(ctx, t.caller, literals(withoutRedis(args, staticText)))
		},
	}
}

// redisCommand hands calls to the guard, which checks rights anew with the
// arguments as they have turned out.
type redisCommand struct{ t *turn }

func (c redisCommand) Run(ctx context.Context, call *shell.Call) (int, error) {
	if wantsHelp(call) {
		v, _ := c.t.verb("redis")
		_, err := call.Stdout.WriteString(c.t.verbHelp(v))
		return 0, err
	}
	args := wholes(withoutRedis(call.Args, argText))
	return c.t.guardFor(call).Do(ctx, c.t.caller, args, call.Stdout, call.Stderr)
}

// RunBatch hands many calls to the guard at once, which pipelines them.
func (c redisCommand) RunBatch(ctx context.Context, call *shell.Call, argv [][]shell.Arg) (int, error) {
	batch := redisCalls(argv)
	status, err := c.t.guardFor(call).DoBatch(ctx, c.t.caller, batch, call.Stdout, call.Stderr)
	if err == nil {
		c.t.progress.called(len(batch))
	}
	return status, err
}

// guardFor is the turn's guard for a call.
func (t *turn) guardFor(call *shell.Call) *guard.Guard {
	if call.Final {
		return t.guard.Final()
	}
	return t.guard
}

// Prefetch hands the calls of a loop's coming rounds to the guard, which asks for
// what they read in few round trips.
func (c redisCommand) Prefetch(ctx context.Context, _ *shell.Call, argv [][]shell.Arg) {
	c.t.guard.Prefetch(ctx, c.t.caller, redisCalls(argv))
}

func redisCalls(argv [][]shell.Arg) [][]string {
	words := 0
	for _, args := range argv {
		words += len(args)
	}
	room := make([]string, 0, words) // for all calls at once
	batch := make([][]string, len(argv))
	for i, args := range argv {
		begin := len(room)
		room = appendWholes(room, withoutRedis(args, argText))
		batch[i] = room[begin:len(room):len(room)]
	}
	return batch
}

// withoutRedis drops a redis-cli pasted behind the verb: !redis redis-cli dbsize.
func withoutRedis[A any](args []A, text func(A) string) []A {
	if len(args) > 0 {
		name := strings.TrimPrefix(text(args[0]), "!")
		if strings.EqualFold(name, "redis") || strings.EqualFold(name, "redis-cli") {
			return args[1:]
		}
	}
	return args
}

func staticText(a shell.SourceArg) string { return a.Text }

func argText(a shell.Arg) string { return a.Text }

func wholes(args []shell.Arg) []string { return appendWholes(make([]string, 0, len(args)), args) }

func appendWholes(list []string, args []shell.Arg) []string {
	for _, a := range args {
		list = append(list, a.Whole)
	}
	return list
}

func literals(args []shell.SourceArg) []guard.Literal {
	out := make([]guard.Literal, len(args))
	for i, a := range args {
		out[i] = guard.Literal{Text: a.Text, Known: a.Literal}
	}
	return out
}
