package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
)

// whole answers the plan of a program for which a verb may have made one, too.
// Settings that were changed beside it are not part of it.
func (t *turn) whole(plan *Plan) *Plan {
	switch {
	case plan == nil:
		return t.waits
	case t.waits != nil:
		plan.Text += "\n" + t.waits.Text
	}
	if len(t.inForce) > 0 {
		t.hints.add(fmt.Sprintf("Not part of the plan, and in force already: %s.", strings.Join(t.inForce, ", ")))
	}
	return plan
}

// turnOf prepares to serve a request.
func (d *Dispatcher) turnOf(req Request) *turn {
	t := &turn{Dispatcher: d, caller: req.Caller, mentioned: req.Mentioned, member: req.Member, elsewhere: req.Elsewhere, mode: req.Mode, late: req.Late || req.Unclaimed || req.Overtaken || req.Schedule != "" || req.Again, scheduled: req.Schedule, plansAll: req.AlwaysPlan, request: req.ID}
	if t.progress = req.Progress; t.progress == nil {
		t.progress = &Progress{}
	}
	if t.recording = d.recordingOf(req); req.Again {
		t.recording = &recording{}
	}
	t.guard = d.Guard.WithHints(t.hints.add).WithProgress(t.progress.scanned).WithGate(t.gate).WithViewer(t.viewer(req)).WithCache()
	return t
}

// turn is one request being served.
type turn struct {
	*Dispatcher
	caller    permissions.Member
	mentioned bool
	member    func(ctx context.Context, id string) (permissions.Member, error)
	guard     *guard.Guard // with hints for this turn
	hints     hints
	aliases   aliasing
	offers    offers
	pictures  pictures
	watch     *Watch
	cards     cards
	progress  *Progress
	recording *recording
	mode      Mode
	late      bool   // the request may change nothing
	scheduled string // the schedule that asks; empty: a person does
	elsewhere func(ctx context.Context, channel string) (permissions.Member, error)
	plansAll  bool             // nothing is changed without a plan
	request   string           // the id of what asks
	waits     *Plan            // that a verb of the program asks a confirmation for
	defines   bool             // the message defines an alias or a schedule
	typed     typed            // secrets that the message holds
	redacts   bool             // secrets are hidden
	reveals   bool             // what the caller has the right reveal for is not hidden
	filtering bool             // only text commands run
	earlier   string           // what they read then: an answer that was given before
	changes   bool             // the program may change something in Redis
	left      atomic.Bool      // what it changed is told of by whoever recovers that
	reads     bool             // the program does nothing but read Redis
	trial     *settings.Result // of a change of settings that is only asked about; nil: it is made
	inForce   []string         // settings that the program changed
	mu        sync.Mutex       // of ending
	ending    *ending          // sessions that the program is to end, once that is confirmed
	keysShown *programKeys     // by verbs of ours; nil: nothing is hidden
}

// run reads the message, checks what stands in it, and only then starts it.
func (t *turn) run(ctx context.Context, req Request, out *output) (status int, names []string, plan *Plan, err error) {
	msg, program, err := t.read(ctx, req.Text)
	if err != nil {
		t.recording.line(t.askedFor(req.Text))
		return 0, nil, nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, t.timeout(req), &tooLongError{t.timeout(req)})
	defer cancel()
	t.judge(ctx, msg, program, req)
	release := func() {}
	defer func() { release() }() // once what the program changes is settled
	settle := t.prepareChanges(ctx, req, out)
	defer func() {
		var failed error
		plan, failed = settle(ctx, err)
		err = errors.Join(err, failed)
	}()
	err = t.preflight(ctx, program)
	names = t.callNames(ctx, program, err)
	if err == nil && t.reveals {
		names = append([]string{"reveal"}, names...)
		err = t.mayReveal()
	}
	if err != nil {
		return 0, names, nil, err
	}
	t.recording.commands(names)
	if t.reveals {
		if err := t.recording.look(ctx); err != nil {
			return 0, names, nil, err
		}
	}
	place, err := t.slots.take(person(t.caller))
	if err != nil {
		return 0, names, nil, err
	}
	release = place
	if status, err = shell.Run(ctx, program, t.env(req, msg, out)); err == nil {
		err = t.planEnding(ctx)
	}
	return status, names, nil, err
}

// judge notes of a program what it may do, and what of it may be kept.
func (t *turn) judge(ctx context.Context, msg message, program *shell.Program, req Request) {
	t.defines = msg.defines
	t.expands(program)
	t.changes = t.mayChange(ctx, program)
	t.reads = !t.changes && t.onlyReads(program)
	t.noteTyped(ctx, msg, program.Calls()) // by now the commands of the server are known
	t.recording.line(t.askedFor(req.Text))
}

// askedFor is what was asked as it may be kept.
func (t *turn) askedFor(text string) string {
	if t.filtering {
		text = "| " + pipeline(text)
	}
	return t.kept(text)
}

// read takes a message apart and parses its program.
func (t *turn) read(ctx context.Context, text string) (msg message, program *shell.Program, err error) {
	if t.filtering {
		return t.readFilter(text)
	}
	if msg, err = readMessage(text, t.prefix()); err == nil {
		program, err = t.parse(ctx, msg.source)
	}
	if err != nil {
		t.noteUnread(text)
	}
	return msg, program, err
}

func (t *turn) timeout(req Request) time.Duration {
	if req.Timeout > 0 {
		return req.Timeout
	}
	return t.snapshot().Duration(settings.ShellTimeout)
}

// limits are those of a program of the request.
func (t *turn) limits(req Request) shell.Limits {
	s := t.snapshot()
	return shell.Limits{
		Wall:     t.timeout(req),
		Steps:    int64(s.Int(settings.ShellMaxSteps)),
		Variable: s.Bytes(settings.ShellMaxVariable),
		Held:     s.Bytes(settings.ShellMaxHeld),
		Output:   s.Bytes(settings.ShellMaxOutput),
		Depth:    s.Int(settings.ShellMaxDepth),
		Words:    int64(s.Int(settings.ShellMaxWords)),
	}
}

func (t *turn) env(req Request, msg message, out *output) shell.Env {
	limits := t.limits(req)
	var stderr io.Writer = out
	if req.Stderr != nil {
		stderr = req.Stderr
	}
	if req.Stdout != nil { // no reply holds it, so nothing bounds it
		limits.Output = math.MaxInt64
	}
	return shell.Env{
		Lookup: t.lookup,
		Limits: limits,
		Stdin:  shell.NewReader(strings.NewReader(msg.stdin)),
		Stdout: out,
		Stderr: stderr,
	}
}

// quiet decides whether an outcome is better not spoken of: where Helix is
// not configured, strangers and chance words get no answer.
func (t *turn) quiet(o Outcome) bool {
	if o != Denied && o != Unknown && o != Syntax {
		return false
	}
	if t.caller.Local || t.mentioned || t.Policy.Holds(t.caller, permissions.Read) {
		return false
	}
	return !t.configuredChannel()
}

func (t *turn) configuredChannel() bool {
	ops := t.snapshot().Text(settings.DiscordOpsChannel)
	for _, c := range []string{t.caller.Channel, t.caller.Parent} {
		if c != "" && (c == ops || t.Policy.NamesChannel(c)) {
			return true
		}
	}
	return false
}

// person names whom a program counts towards.
func person(m permissions.Member) string {
	if m.Local {
		return "local"
	}
	return m.ID
}
