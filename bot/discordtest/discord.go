package discordtest

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Discord is one fake Discord: its people, guilds and messages, the REST
// interface and the gateway. It is safe for concurrent use; methods that can
// fail the test must be called from the test's own goroutine.
type Discord struct {
	t      testing.TB
	opts   options
	server *httptest.Server
	stop   chan struct{}  // closed by Close
	work   sync.WaitGroup // gateway connections

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever the world changes
	ids     snowflakes
	offset  time.Duration // what Advance added to the clock
	closed  bool

	bot          *user
	users        map[string]*user // by name
	usersByID    map[string]*user
	guilds       []*Guild
	channels     map[string]*channel // by id, guild and direct
	messages     map[string]*message // by id
	nonces       map[nonceKey]*message
	interactions map[string]*interaction // by id
	tokens       map[string]*interaction // by interaction token
	commands     map[string][]object     // by guild id, "" for global
	files        map[string]Attachment   // by path below /attachments/

	gateway  *Gateway
	limits   limiter
	faults   map[string][]Fault
	choose   func(operation string) Fault // of FailWith
	requests []*Request
	excused  bool     // AllowViolations
	secrets  []string // NeverSees

	checker    *checker
	tolerances []tolerance
}

// New starts a fake Discord on a free port of the loopback interface. It ends
// with the test, which fails if the bot sent a request that Discord's
// description or its limits forbid, unless AllowViolations was called.
func New(t testing.TB, opts ...Option) *Discord {
	t.Helper()
	d := &Discord{
		t:            t,
		opts:         newOptions(opts),
		stop:         make(chan struct{}),
		changed:      make(chan struct{}),
		users:        map[string]*user{},
		usersByID:    map[string]*user{},
		channels:     map[string]*channel{},
		messages:     map[string]*message{},
		nonces:       map[nonceKey]*message{},
		interactions: map[string]*interaction{},
		tokens:       map[string]*interaction{},
		commands:     map[string][]object{},
		files:        map[string]Attachment{},
		faults:       map[string][]Fault{},
	}
	d.checker, d.tolerances = newChecker(t), tolerances()
	d.gateway = newGateway(d)
	d.limits.init()
	d.bot = d.user(d.opts.botName)
	d.bot.bot = true
	if id := d.opts.botID; id != "" {
		delete(d.usersByID, d.bot.id)
		d.bot.id, d.usersByID[id] = id, d.bot
	}
	d.server = httptest.NewServer(http.HandlerFunc(d.serve))
	t.Cleanup(func() {
		d.Close()
		d.reportViolations()
		d.reportLeaks()
	})
	return d
}

// URL answers the base of the REST interface, the value for discord.api_url.
func (d *Discord) URL() string { return d.server.URL + "/api/v10" }

// GatewayURL answers the address that GET /gateway answers.
func (d *Discord) GatewayURL() string {
	return "ws" + strings.TrimPrefix(d.server.URL, "http") + "/gateway"
}

// Token answers the bot's token, without the "Bot " that its header begins
// with.
func (d *Discord) Token() string { return d.opts.token }

// BotID answers the id of the bot's user, which is also its application's.
func (d *Discord) BotID() string { return d.bot.id }

// Gateway answers the handle for looking at the gateway and troubling it.
func (d *Discord) Gateway() *Gateway { return d.gateway }

// Advance puts Discord's clock forward: interactions expire, rate limits
// reset. Heartbeats and the waits of Sees go by real time.
func (d *Discord) Advance(by time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.offset += by
	d.touch()
}

// Close cuts every connection and waits until nothing runs any more. New
// arranges it for the end of the test; calling it twice is harmless.
func (d *Discord) Close() {
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return
	}
	d.closed = true
	close(d.stop)
	d.gateway.dropAll()
	d.mu.Unlock()
	d.server.CloseClientConnections()
	d.server.Close()
	d.work.Wait()
}

// now is the time by Discord's clock. The caller holds mu.
func (d *Discord) now() time.Time { return d.opts.now().Add(d.offset) }

// date is the time by Discord's clock as its answers tell it. The caller does not
// hold mu.
func (d *Discord) date() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.now().UTC().Format(http.TimeFormat)
}

// touch wakes everybody who waits for the world to change. The caller holds mu.
func (d *Discord) touch() {
	close(d.changed)
	d.changed = make(chan struct{})
}

// await answers true as soon as ready does, false after the limit. ready runs
// with mu held, at once and after every change.
func (d *Discord) await(limit time.Duration, ready func() bool) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		d.mu.Lock()
		done, changed := ready(), d.changed
		d.mu.Unlock()
		if done {
			return true
		}
		select {
		case <-changed:
		case <-timer.C:
			return false
		}
	}
}
