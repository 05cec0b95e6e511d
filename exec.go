package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/console"
	"github.com/helix-collective/helix/permissions"
)

// execFlags are the flags of helix exec.
type execFlags struct {
	common
	roles   []string
	yes     bool
	plan    bool
	timeout time.Duration
	json    bool
	redact  bool
}

func runExec(terminated context.Context, c *cli, args []string) error {
	ctx, stop := untilInterrupted(terminated)
	defer stop()
	var f execFlags
	flags := c.flagSet("exec", "[FLAGS] LINE…\n\nRuns each LINE as a chat message; - reads one whole message from standard input.")
	flags.StringVar(&f.redis, "redis", "", "address of Redis (also HELIX_REDIS_URL, REDIS_URL)")
	flags.StringVar(&f.config, "config", "", "configuration file (default config.yaml, if there is one)")
	flags.BoolVar(&f.demo, "demo", false, "use an embedded Redis with sample sessions")
	flags.StringArrayVar(&f.roles, "role", nil, "act with exactly these roles of the configuration (repeatable)")
	flags.BoolVar(&f.yes, "yes", false, "run changes at once, without a plan")
	flags.BoolVar(&f.plan, "plan", false, "show what a change would do, and run nothing of it")
	flags.DurationVar(&f.timeout, "timeout", 0, "end each line after this long (default: the setting shell.timeout)")
	flags.BoolVar(&f.redact, "redact", false, "hide secrets and whole ids, as on Discord")
	flags.BoolVar(&f.json, "json", false, "answer each line as one JSON object")
	if err := parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return &exitError{exitUsage, "There is no line to run. `helix exec '!redis dbsize'` runs one; - reads a message from standard input."}
	}
	if f.yes && f.plan {
		return &exitError{exitUsage, "--yes and --plan exclude each other."}
	}
	if flags.Changed("timeout") && f.timeout <= 0 {
		return &exitError{exitUsage, "--timeout takes a time above 0, as in 30s or 5m."}
	}
	base, err := f.load()
	if err != nil {
		return err
	}
	opening, opened := f.bounded(ctx)
	a, err := open(opening, base, newFaultLogger(base, c.err), f.demo, true)
	opened()
	if err != nil {
		return unreachable(err)
	}
	err = f.runLines(ctx, c, a, flags.Args())
	if terminated.Err() != nil {
		err = &exitError{status: exitTerminated}
	}
	return errors.Join(err, a.close())
}

// bounded keeps a Redis that does not answer from holding up the start for
// longer than a line may take.
func (f execFlags) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if f.timeout > 0 {
		return context.WithTimeout(ctx, f.timeout)
	}
	return context.WithCancel(ctx)
}

// runLines runs every line, whatever becomes of those before it, until ctx
// ends. It ends with the first status that was not 0.
func (f execFlags) runLines(ctx context.Context, c *cli, a *app, lines []string) error {
	caller := permissions.Member{Name: "local", Local: true, LocalRoles: f.roles}
	if err := a.policy.CheckRoles(f.roles...); err != nil {
		return &exitError{exitUsage, sentence(err.Error())}
	}
	if told := a.interrupted(ctx); told != "" {
		fmt.Fprint(c.err, told)
	}
	first := exitOK
	for _, line := range lines {
		status, err := f.runLine(ctx, c, a, caller, line)
		if err != nil {
			return err
		}
		if first == exitOK || ctx.Err() != nil {
			first = status
		}
		if ctx.Err() != nil {
			break
		}
	}
	if first == exitOK {
		return nil
	}
	return &exitError{status: first}
}

func (f execFlags) runLine(ctx context.Context, c *cli, a *app, caller permissions.Member, line string) (int, error) {
	if line == "-" {
		var err error
		if line, err = readMessage(c.in); err != nil {
			return 0, err
		}
	}
	req := commands.Request{Text: line, Caller: caller, Mentioned: true, Timeout: f.timeout, Redact: f.redact, Mode: f.mode()}
	if !f.json {
		req.Stdout, req.Stderr = c.out, c.err
	}
	reply := a.dispatcher.Handle(ctx, req)
	if p := reply.Plan; p != nil && p.ID != "" { // nobody can confirm it later
		a.dispatcher.Cancel(ctx, commands.Confirmation{Request: req, Plan: p.ID})
		p.ID, p.Until = "", time.Time{}
	}
	if f.json && f.redact {
		line = a.dispatcher.Kept(line)
	}
	if f.json {
		return f.writeJSON(c.out, line, reply)
	}
	f.writeNotes(c.err, reply)
	return f.status(reply), nil
}

// mode is what the flags say of changes.
func (f execFlags) mode() commands.Mode {
	switch {
	case f.yes:
		return commands.Direct
	case f.plan:
		return commands.Only
	}
	return commands.Ask
}

// status is that of the reply; a plan that was asked for is no failure.
func (f execFlags) status(reply commands.Reply) int {
	if f.plan && reply.Plan != nil {
		return exitOK
	}
	return console.ExitStatus(reply)
}

// writeNotes writes what a reply says beside the program's output.
func (f execFlags) writeNotes(w io.Writer, reply commands.Reply) {
	if reply.Problem != "" {
		fmt.Fprintln(w, reply.Problem)
	}
	if reply.Plan != nil {
		fmt.Fprintln(w, strings.TrimRight(reply.Plan.Text, "\n"))
		if f.mode() == commands.Ask {
			fmt.Fprintln(w, "Nothing was changed. With --yes the line runs at once.")
		}
	}
	for _, h := range reply.Hints {
		fmt.Fprintln(w, "hint: "+h)
	}
}

// readMessage reads one whole message. A part of one could mean anything, so
// what is too long is refused.
func readMessage(in io.Reader) (string, error) {
	message, err := io.ReadAll(io.LimitReader(in, maxMessage+1))
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	if len(message) > maxMessage {
		return "", &exitError{exitUsage, fmt.Sprintf("A message has at most %d bytes; the one on standard input is longer, so nothing of it was run.", maxMessage)}
	}
	return string(message), nil
}

// maxMessage bounds a message from standard input; a program is far smaller,
// but a block that it reads may be longer.
const maxMessage = 1 << 20

// jsonReply is a Reply as --json writes it.
type jsonReply struct {
	Line      string    `json:"line"`
	Outcome   string    `json:"outcome"`
	Status    int       `json:"status"`
	Output    string    `json:"output"`
	Base64    []byte    `json:"output_base64,omitempty"` // where the output is not UTF-8
	Truncated int64     `json:"truncated,omitempty"`
	Problem   string    `json:"problem,omitempty"`
	Hints     []string  `json:"hints,omitempty"`
	Footer    string    `json:"footer,omitempty"`
	Plan      *jsonPlan `json:"plan,omitempty"`
}

// jsonPlan is a Plan as --json writes it. A plan that nobody can confirm has no
// id and no end.
type jsonPlan struct {
	ID    string    `json:"id,omitempty"`
	Text  string    `json:"text"`
	Word  string    `json:"word,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

func (f execFlags) writeJSON(w io.Writer, line string, reply commands.Reply) (int, error) {
	status := f.status(reply)
	j := jsonReply{Line: line, Outcome: string(reply.Outcome), Status: status, Output: string(reply.Output),
		Truncated: reply.Truncated, Problem: reply.Problem, Hints: reply.Hints, Footer: reply.Footer}
	if p := reply.Plan; p != nil {
		j.Plan = &jsonPlan{ID: p.ID, Text: p.Text, Word: p.Word, Until: p.Until}
	}
	if !utf8.Valid(reply.Output) {
		j.Output, j.Base64 = "", reply.Output
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	return status, encoder.Encode(j)
}
