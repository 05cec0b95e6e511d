package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/helix-collective/helix/shell"
)

// Filter answers what a pipeline of text commands makes of an earlier answer:
// "grep ann | sort | head -3". Nothing is asked of Redis, and no verb runs. It
// takes the right read, as any text command does, and is recorded.
func (d *Dispatcher) Filter(ctx context.Context, req Request, earlier []byte) Reply {
	req.Mode, req.Stdout, req.Stderr = Only, nil, nil
	t := d.turnOf(req)
	t.filtering, t.earlier = true, string(earlier)
	reply := t.serve(ctx, req)
	reply.Quiet = false // who presses a button is told
	if reply.Outcome == OK {
		reply.Hints = append(reply.Hints, fmt.Sprintf("Filtered for %s: `%s`. The command was not run again.",
			req.Caller.Name, strings.ReplaceAll(t.kept(pipeline(req.Text)), "`", "'")))
	}
	return reply
}

// pipeline is a filter as a program: whoever writes it as behind a pipe may begin
// with one.
func pipeline(text string) string { return trim(strings.TrimPrefix(trim(text), "|")) }

// readFilter parses a filter.
func (t *turn) readFilter(text string) (message, *shell.Program, error) {
	msg := message{source: pipeline(text), stdin: t.earlier}
	program, err := shell.Parse(msg.source)
	return msg, program, err
}

// mayCall reports whether a turn may call a name: where it filters, only text
// commands.
func (t *turn) mayCall(name string) bool {
	_, ok := t.filters[name]
	return ok || !t.filtering
}

func notText(name string) error {
	return &usageError{reason: fmt.Sprintf("`%s` is not a text command. A filter takes those alone, such as `grep`, `sort`, `cut`, `uniq`, `wc` and `head`.", name)}
}
