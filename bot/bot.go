// Package bot carries requests and replies between Discord and whatever
// answers them. It decides nothing about what a message means: it hears, builds
// who asked, keeps the order of each channel, and sends. It never pings anybody
// and never lets a text break out of the block that it is shown in.
package bot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/bot/outbound"
	"github.com/helix-collective/helix/clock"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/lease"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/redact"
)

// Handler answers what people ask.
type Handler interface {
	// Addressed reports whether a message is for Helix at all.
	Addressed(text string, mentioned bool) bool
	Handle(ctx context.Context, req commands.Request) commands.Reply
	// Reveal answers a message that only reads once more, without hiding what
	// its caller may see. The reply is for their eyes alone.
	Reveal(ctx context.Context, req commands.Request) commands.Reply
	// Filter runs the text commands of a request over an earlier answer.
	Filter(ctx context.Context, req commands.Request, earlier []byte) commands.Reply

	// Confirm claims a plan for its only run: it answers at once with how to
	// run it, or, where run is nil, with why not.
	Confirm(ctx context.Context, c commands.Confirmation) (run func(context.Context) commands.Reply, refusal commands.Reply)
	// Cancel drops a plan, and Approve notes a second person's agreement. What
	// they reply where they did not is for the presser's eyes alone.
	Cancel(ctx context.Context, c commands.Confirmation) (dropped bool, reply commands.Reply)
	Approve(ctx context.Context, c commands.Confirmation) (approved bool, reply commands.Reply)
}

// Pin remembers the guild that was chosen at the first start.
type Pin interface {
	Pinned(ctx context.Context) (guild string, err error)
	// Pin remembers a guild unless another is remembered already; it answers
	// the one that is.
	Pin(ctx context.Context, guild string) (pinned string, err error)
}

// Options is what a Bot works with. Token, Handler, Pin and Log are needed.
type Options struct {
	Token      string           // without "Bot "
	APIURL     string           // "" means Discord's own
	GatewayURL string           // "" means what GET /gateway answers
	Guilds     []string         // served guilds; none: the only one at first start
	OpsChannel string           // where Helix speaks up by itself, until SpeakIn names another; may be empty
	Shards     int              // connections that share the guilds; 0: one, or AutoShards
	Redact     bool             // hide secrets and whole ids in answers
	Redactor   *redact.Redactor // of the last look at what is sent; nil means one without additions
	Pin        Pin
	Greeted    Greeted       // nil: no server is greeted
	Introduce  func() string // what is configured and what is missing, a line each; may be nil
	Handler    Handler
	Log        *zap.Logger

	// Now is the time by which plans lapse and incidents go on; nil: the local one.
	Now func() time.Time

	// Slash is what can be asked without typing a line; nil: nothing. SlashScope
	// says where Discord is told of it; "" means in each served server.
	Slash      Slash
	SlashScope Scope

	// Watches remembers answers that are kept up to date; nil: they end with the
	// process, and after a crash say nothing about it.
	Watches Watches

	// Speaks reports whether this instance may speak at this moment; nil: always.
	// What may not be said waits until it may, or until Run's context ends: with
	// cause lease.ErrLost that is at once, without a grace.
	Speaks func() bool
	// Claims are asked before anything is acted on; nil: there is no other instance.
	// What was said a moment before the start is caught up, but no further back
	// than ClaimedSince; zero: nothing is.
	Claims       Claims
	ClaimedSince time.Time

	// LeaveUntold keeps, under an id, what became of a change whose answer this
	// instance may not send any more, for the one that may; nil: nobody is told.
	LeaveUntold func(ctx context.Context, id, text string) error

	// Clicked is told of each button that somebody presses; it may be nil, and
	// must not wait.
	Clicked func(who permissions.Member, what string)

	// Timing is for tests; its zero fields mean sensible values.
	Timing Timing
}

// Timing is how long the bot waits for what.
type Timing struct {
	Backoff    time.Duration // before the second attempt to connect; doubles up to a minute
	Open       time.Duration // for a connection to become ready
	Identify   time.Duration // from one start of a session to the next in the same bucket of shards; Discord wants 5 s
	Ack        time.Duration // without the answer to a heartbeat; longer than any server lets pass between two (Discord: 41 s)
	TypingFrom time.Duration // work longer than this shows as typing

	ProgressFrom  time.Duration // work longer than this shows how far it is
	ProgressEvery time.Duration // between two changes of what it shows

	Grace    time.Duration // for running commands at the end
	Decision time.Duration // for knowing which servers are served
	PageTTL  time.Duration // how long the pages of an answer can be turned
	Repeat   time.Duration // before a request that failed is repeated, about; later ones wait longer
	Retell   time.Duration // between two attempts to say that answers were lost
	Token    time.Duration // how long the answer to a command can be changed; Discord takes it for 15 min
	Defer    time.Duration // until a press is told that its answer takes longer; Discord waits for 3 s
}

func (t Timing) withDefaults() Timing {
	set := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	set(&t.Backoff, time.Second)
	set(&t.Open, 15*time.Second)
	set(&t.Identify, 5*time.Second)
	set(&t.Ack, 90*time.Second)
	set(&t.TypingFrom, 300*time.Millisecond)
	set(&t.ProgressFrom, 3*time.Second)
	set(&t.ProgressEvery, 3*time.Second)
	set(&t.Grace, 5*time.Second)
	set(&t.Decision, 5*time.Second)
	set(&t.PageTTL, 15*time.Minute)
	set(&t.Retell, 15*time.Second)
	set(&t.Defer, 2*time.Second)
	set(&t.Token, 14*time.Minute+30*time.Second)
	return t
}

// FatalError ends the bot: trying again would not help.
type FatalError struct{ Reason string }

func (e *FatalError) Error() string { return e.Reason }

// Bot is the connections to Discord, renewed as often as they break.
type Bot struct {
	options    Options
	log        *zap.Logger
	rest       *rest
	time       *discordTime
	queues     *queues
	pages      *pager
	programs   programs
	plans      plans
	seen       *recent
	turns      *recent // what edits and deletions have made of messages
	acted      *recent // messages that have changed something
	guilds     guildKeeper
	lines      *recent // what commands and menus said, as lines, by the interaction
	registry   registry
	complained *recent // channels whose missing rights were told lately
	look       lastLook
	starts     starts

	watches     watches
	heldBack    holdback
	undelivered undelivered

	mu     sync.Mutex
	status Status
	shards []*shard // never none

	ops           atomic.Value // string: the channel where Helix speaks up by itself
	withoutIntent atomic.Bool  // the message-content intent was refused, so it is not asked for
	noIntent      sync.Once
	inspected     sync.Once
	took          sync.Once
	settlers      sync.WaitGroup
}

// Status is how the connection is.
type Status struct {
	Connected   bool   // with every shard
	Shards, Up  int    // connections that there are to be, and those that are up
	User        string // the bot's own name
	UserID      string
	Application string    // its application's id
	Guilds      int       // that it is in
	LastAck     time.Time // of a heartbeat, in the shard that has waited longest
	LastSent    time.Time // of a message that Discord took
	Reconnects  int
	NoContent   bool // the message-content intent is missing: only mentions are heard
}

// New returns a Bot. Nothing is sent before Run.
func New(o Options) (*Bot, error) {
	if o.Token == "" {
		return nil, errors.New("a Discord bot needs a token: set DISCORD_TOKEN")
	}
	o.Timing = o.Timing.withDefaults()
	if o.Now == nil {
		o.Now = time.Now
	}
	o.SlashScope = cmp.Or(o.SlashScope, ScopeGuild)
	t, err := newTransport(o.APIURL, o.GatewayURL)
	if err != nil {
		return nil, err
	}
	b := &Bot{
		options:    o,
		log:        o.Log,
		time:       &t.time,
		rest:       newREST(t, o.Token, o.Timing.Repeat, o.Log),
		pages:      newPager(o.Timing.PageTTL),
		programs:   programs{running: make(map[string]*program)},
		plans:      plans{waiting: make(map[string]*waitingPlan)},
		seen:       newRecent(seenMessages),
		turns:      newRecent(seenMessages),
		starts:     newStarts(),
		acted:      newRecent(seenMessages),
		lines:      newRecent(linesKept),
		registry:   registry{done: make(map[string]bool)},
		complained: newRecent(complaintsKept),
		look:       lastLook{redactor: cmp.Or(o.Redactor, redact.Default()), redacts: o.Redact},
	}
	b.rest.sanitize = b.look.sanitized
	b.rest.await = b.awaitSpeaks
	b.queues = newQueues(queueLength)
	b.heldBack.channels = make(map[string]*heldBack)
	b.undelivered.losses = make(map[string]loss)
	b.ops.Store(o.OpsChannel)
	b.guilds.decided, b.guilds.present = make(chan struct{}), make(map[int][]string)
	b.share(min(max(o.Shards, 1), maxShards))
	return b, nil
}

const (
	requestTimeout = 30 * time.Second
	queueLength    = 32    // messages waiting in one channel
	seenMessages   = 20000 // ids remembered, so that none is answered twice
	complaintsKept = 100
	linesKept      = 500
)

// Status answers how the connection is.
func (b *Bot) Status() Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.together(b.status)
	s.LastSent = b.rest.queue.LastSent()
	return s
}

// Outbound answers how the way to Discord is: what was sent, what waits.
func (b *Bot) Outbound() outbound.Stats { return b.rest.queue.Stats() }

func (b *Bot) update(change func(*Status)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	change(&b.status)
}

// Run serves until ctx ends, and then lets running commands end within the
// grace; what is left to be said may take three seconds more. It answers a
// *FatalError if Discord refuses the bot for good.
func (b *Bot) Run(ctx context.Context) error {
	work, stopWork := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stopWork(nil)
	serving, stop := context.WithCancel(ctx)
	b.goOn(serving, work)
	var grace sync.WaitGroup
	grace.Go(func() {
		<-serving.Done()
		if errors.Is(context.Cause(ctx), lease.ErrLost) {
			stopWork(lease.ErrLost)
			return
		}
		if clock.Sleep(work, b.options.Timing.Grace) == nil {
			stopWork(&stopping{until: time.Now().Add(farewell)})
		}
	})
	err := b.supervise(ctx, work)
	stop()
	b.watches.close()
	b.queues.close()
	stopWork(nil)
	grace.Wait()
	b.plans.close()
	b.settlers.Wait()
	b.rest.close()
	if err != nil {
		return fmt.Errorf("serve Discord: %w", err)
	}
	return nil
}
