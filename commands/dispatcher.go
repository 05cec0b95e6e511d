package commands

import (
	"context"
	"errors"
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
	t.noteChanged(&reply, req.Text)
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

// logFault logs why a request failed through our own fault. It names the
// commands but never their arguments, which may hold secrets.
func (d *Dispatcher) logFault(req Request, names []string, reply Reply, err error) {
	if reply.Outcome == Faulty {
		d.Log.Error("request failed", zap.String("request", req.ID), zap.Strings("commands", names),
			zap.Error(err), zap.String("ref", reply.ref))
	}
}
