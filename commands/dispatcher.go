package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/actions"
	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/aliases"
	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/plans"
	"github.com/helix-collective/helix/redact"
	"github.com/helix-collective/helix/schedules"
	"github.com/helix-collective/helix/series"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
	"github.com/helix-collective/helix/shell/text"
)

// replyBytes bounds the output that a Reply holds: what Discord takes as a
// file. The rest is counted.
const replyBytes = 8 << 20

// Options is what a Dispatcher works with. All fields but Actions, Alerts, Aliases,
// Audit, Schedules, Series, Sessions, Redactor and Version are needed.
type Options struct {
	Actions   *actions.Set
	Alerts    *alerts.Engine   // nil: nothing is watched
	Aliases   *aliases.Store   // nil: made from Client
	Schedules *schedules.Store // nil: as well
	Audit     *audit.Log       // nil: nothing is recorded
	Plans     *plans.Store     // nil: nothing can be changed
	Journal   *journal.Journal // nil: nothing can be taken back
	Guard     *guard.Guard
	Settings  *settings.Live
	Policy    *permissions.Policy
	Client    redis.UniversalClient
	Series    *series.Store   // nil: nothing is measured
	Sessions  *sessions.Store // nil: made from Client and Settings
	Log       *zap.Logger
	Redactor  *redact.Redactor // nil means one without additions
	Now       func() time.Time // by the clock that plans lapse by; nil: the local one
	Redis     string           // where Redis is, without its password
	Version   string

	// Answered is told of each request that was answered: its first command by a
	// name of ours or of the server, "(unknown)", or "" where there was none. It may
	// be nil, and must not wait.
	Answered func(command string, outcome Outcome, took time.Duration)

	// Conceal takes secrets out of what was typed, for what is kept of it. Nil
	// leaves it as it is.
	Conceal func(string) string
}

// Dispatcher answers requests. Its methods may be called from several goroutines.
type Dispatcher struct {
	Options
	verbs   []verb
	filters map[string]shell.Command
	slots   *slots
	shown   *shown
	started time.Time

	binding sync.Mutex
	bound   string // the value of discord.roles that the policy goes by
}

// New returns a Dispatcher.
func New(o Options) *Dispatcher {
	d := &Dispatcher{
		Options: o,
		verbs:   verbs(),
		filters: text.Commands(text.Options{}),
		shown:   newShown(),
		started: time.Now(),
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Redactor == nil {
		d.Redactor = redact.Default()
	}
	if d.Sessions == nil {
		d.Sessions = sessions.New(o.Client, sessions.Live(o.Settings), sessions.Options{})
	}
	if d.Aliases == nil {
		d.Aliases = aliases.Open(o.Client)
	}
	if d.Schedules == nil {
		d.Schedules = schedules.Open(o.Client)
	}
	limit := func(key settings.IntKey) func() int {
		return func() int { return d.snapshot().Int(key) }
	}
	d.followBindings()
	d.slots = newSlots(limit(settings.CommandsMaxPerPerson), limit(settings.CommandsMaxRunning))
	return d
}

func (d *Dispatcher) snapshot() *settings.Snapshot { return d.Settings.Snapshot() }

func (d *Dispatcher) prefix() string { return d.snapshot().Text(settings.DiscordPrefix) }

// Addressed reports whether a message is for Helix at all: it mentions it, or
// begins with the prefix and a verb.
func (d *Dispatcher) Addressed(text string, mentioned bool) bool {
	return mentioned || addressed(text, d.prefix())
}

// Handle answers a request. It never fails: whatever goes wrong is worded in
// the Reply.
func (d *Dispatcher) Handle(ctx context.Context, req Request) Reply {
	return d.turnOf(req).serve(ctx, req)
}

// serve answers the turn's request.
func (t *turn) serve(ctx context.Context, req Request) Reply {
	start := time.Now()
	end := t.redact(&req)
	out := &output{limit: replyBytes, to: req.Stdout}
	status, names, plan, err := t.run(ctx, req, out)
	err = errors.Join(err, out.release(), end())

	reply := t.answer(err)
	if refused := (*guard.Refused)(nil); t.late && errors.As(err, &refused) && refused.NeedsPlan {
		reply.Problem = "This was said too long ago to change anything now. Say it again if it still holds."
		switch {
		case req.Unclaimed:
			reply.Outcome, reply.Problem = Unreachable, unclaimedText
		case req.Overtaken:
			reply.Problem = "This arrived late: what was said here after it has been answered already, so it changes nothing. Say it again if it still holds."
		case t.scheduled != "":
			reply.Problem = t.fromSchedule(refused)
		}
	}
	plan = t.whole(plan)
	if reply.Plan = plan; plan != nil && err == nil {
		reply.Outcome = Unconfirmed
	}
	reply.Status = max(reply.Status, status)
	reply.Output, reply.Truncated = out.kept, out.dropped
	reply.Hints = append(t.aliases.meant, t.hints.all()...)
	reply.Offers, reply.Pictures, reply.Watch = t.offers.all(), t.pictures.all(), t.watch
	if far := t.progress.reached(); len(far) > 0 && reply.Outcome.early() {
		reply.Problem += " It came as far as this: " + strings.Join(far, ", ") + "."
	}
	if reply.Outcome == OK && reply.Problem == "" {
		reply.Footer = footer(out.count(), time.Since(start))
	}
	reply.Quiet = t.quiet(reply.Outcome)
	reply.Card = t.cards.of(reply.Output)
	reply.Changed = t.recording.mayHaveChanged()
	t.hide(&reply, req)
	t.logFault(req, names, reply, err)
	t.recording.end(names, reply, time.Since(start))
	t.tellAnswered(names, reply.Outcome, time.Since(start))
	return reply
}

// unclaimedText is said instead of changing something that another instance may
// be changing, too.
const unclaimedText = "Redis could not be reached when this was heard, so nothing was changed. Send it again in a moment."

// tellAnswered names the first command that is no alias: those are called what
// people called them.
func (t *turn) tellAnswered(names []string, outcome Outcome, took time.Duration) {
	if t.Answered == nil {
		return
	}
	first := ""
	ours := func(name string) bool { _, alias := t.aliases.all[strings.ToLower(name)]; return !alias }
	if i := slices.IndexFunc(names, ours); i >= 0 {
		first = names[i]
	}
	t.Answered(first, outcome, took)
}

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

// logFault logs why a request failed through our own fault. It names the
// commands but never their arguments, which may hold secrets.
func (d *Dispatcher) logFault(req Request, names []string, reply Reply, err error) {
	if reply.Outcome == Faulty {
		d.Log.Error("request failed", zap.String("request", req.ID), zap.Strings("commands", names),
			zap.Error(err), zap.String("ref", reply.ref))
	}
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
