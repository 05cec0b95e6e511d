package bot

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
	"go.uber.org/zap"
)

// What closes a connection for good, by Discord's close codes.
const (
	closeTokenRefused   = 4004
	closeInvalidShard   = 4010
	closeShardsNeeded   = 4011
	closeInvalidVersion = 4012
	closeInvalidIntents = 4013
	closeIntentsRefused = 4014
)

// intents is what we listen to; the content of messages is a privileged one
// that the application may lack.
const intents = discordgo.IntentGuilds | discordgo.IntentGuildMessages

// speakAPIVersion makes discordgo connect to the gateway of our version. It is
// a variable of that package, so it is set once for the process.
var speakAPIVersion = sync.OnceFunc(func() { discordgo.APIVersion = apiVersion })

// supervise connects, and connects again whenever the connection ends, until
// ctx ends or Discord refuses for good. Each connection is a session of its
// own; what was said in between is caught up over REST.
func (b *Bot) supervise(ctx, work context.Context) error {
	waits := backoff{first: b.options.Timing.Backoff}
	for {
		start := time.Now()
		err := b.connect(ctx, work)
		served := b.Status().Connected
		b.update(func(s *Status) { s.Connected = false })
		if ctx.Err() != nil {
			return nil
		}
		if err := b.judge(err); err != nil {
			return err
		}
		wait := waits.after(time.Since(start), served)
		b.log.Warn("connection to Discord ended; connecting again", zap.Error(withoutURL(err)), zap.Duration("in", wait))
		b.update(func(s *Status) { s.Reconnects++ })
		if pause(ctx, wait/2+rand.N(wait)) != nil {
			return nil
		}
	}
}

// judge decides whether to go on after a connection ended: it answers the
// error that ends the bot. A missing intent is done without.
func (b *Bot) judge(err error) error {
	var refused *apiError
	if errors.As(err, &refused) && refused.Status == http.StatusUnauthorized {
		return tokenRefused()
	}
	var closed *websocket.CloseError
	if !errors.As(err, &closed) {
		return nil
	}
	switch closed.Code {
	case closeTokenRefused:
		return tokenRefused()
	case closeIntentsRefused:
		if b.withoutIntent.Swap(true) {
			return &FatalError{"Discord refuses the intents that Helix needs at the least. Check the application's Bot page in the developer portal."}
		}
		b.update(func(s *Status) { s.NoContent = true })
		b.log.Error(noIntentText + " " + intentMend)
	case closeInvalidShard, closeShardsNeeded, closeInvalidVersion, closeInvalidIntents:
		return &FatalError{fmt.Sprintf("Discord refuses the connection for good (%d %s).", closed.Code, closed.Text)}
	}
	return nil
}

func tokenRefused() error {
	return &FatalError{"Discord refuses the token. Reset it on the application's Bot page in the developer portal and put the new one into DISCORD_TOKEN."}
}

const noIntentText = "Discord refuses the message-content intent, so only messages that mention Helix are heard."

const intentMend = "Switch on the Message Content Intent on the application's Bot page in Discord's developer portal, then restart Helix."

// startLimit is what GET /gateway/bot answers.
type startLimit struct {
	Limit *struct {
		Remaining  int     `json:"remaining"`
		ResetAfter float64 `json:"reset_after"` // milliseconds
	} `json:"session_start_limit"` // nil where starts are not counted
}

// connect holds one connection until it ends.
func (b *Bot) connect(ctx, work context.Context) error {
	if err := b.awaitStart(ctx); err != nil {
		return err
	}
	s, conns, err := b.newSession()
	if err != nil {
		return err
	}
	l := newLink(s)
	defer l.end()
	missed := b.channels.gap()
	l.gap = missed
	b.listen(ctx, s, l, work)
	defer conns.close()
	if err := b.open(ctx, s, conns); err != nil {
		return err
	}
	defer s.Close()
	if err := b.ready(ctx, l, missed, work); err != nil {
		return err
	}
	return b.watch(ctx, l)
}

// startLimit asks how many starts are left. Servers compatible with Discord
// may not count them, and not know the route.
func (b *Bot) startLimit(ctx context.Context) (startLimit, error) {
	var limit startLimit
	err := b.rest.do(ctx, call{method: http.MethodGet, path: "/gateway/bot"}, &limit)
	if hasStatus(err, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented) {
		return startLimit{}, nil
	}
	if err != nil {
		return startLimit{}, fmt.Errorf("ask for the gateway: %w", err)
	}
	return limit, nil
}

// awaitStart waits until Discord allows another start: it counts them by day.
func (b *Bot) awaitStart(ctx context.Context) error {
	limit, err := b.startLimit(ctx)
	if err != nil || limit.Limit == nil || limit.Limit.Remaining > 0 {
		return err
	}
	wait := time.Duration(limit.Limit.ResetAfter) * time.Millisecond
	b.log.Error("Discord allows no further connection for now; waiting", zap.Duration("for", wait))
	return pause(ctx, wait)
}

func (b *Bot) newSession() (*discordgo.Session, *connections, error) {
	speakAPIVersion()
	s, err := discordgo.New("Bot " + b.options.Token)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare a session: %w", err)
	}
	conns := &connections{}
	s.Client = &http.Client{Transport: owned{b.rest}}
	s.Dialer = &websocket.Dialer{HandshakeTimeout: b.options.Timing.Open, NetDialContext: conns.dial}
	s.ShouldReconnectOnError = false
	s.ShouldRetryOnRateLimit = false
	s.MaxRestRetries = 0
	s.SyncEvents = true // in order; our handlers only hand on
	s.LogLevel = discordgo.LogError
	s.State.TrackPresences, s.State.TrackVoice, s.State.TrackEmojis = false, false, false
	s.State.MaxMessageCount = 0
	s.Identify.Intents = intents
	if !b.withoutIntent.Load() {
		s.Identify.Intents |= discordgo.IntentMessageContent
	}
	return s, conns, nil
}

// open opens a session within its time. A gateway that says nothing would hold
// Open for ever, so its socket is closed then.
func (b *Bot) open(ctx context.Context, s *discordgo.Session, conns *connections) error {
	opened := make(chan error, 1)
	go func() { opened <- s.Open() }()
	timer := time.NewTimer(b.options.Timing.Open)
	defer timer.Stop()
	select {
	case err := <-opened:
		return err
	case <-timer.C:
		conns.close()
		return errors.New("the gateway did not become ready in time")
	case <-ctx.Done():
		conns.close()
		return context.Cause(ctx)
	}
}

// connections are the sockets of one session, so that they can be closed from
// outside whatever the session waits for.
type connections struct {
	mu   sync.Mutex
	open []net.Conn
}

func (c *connections) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := (&net.Dialer{Timeout: 10 * time.Second}).DialContext(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = append(c.open, conn)
	return conn, nil
}

func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.open {
		_ = conn.Close() // it may be closed already
	}
	c.open = nil
}

// link watches one session.
type link struct {
	session *discordgo.Session
	gap     gap // what has to be caught up once it is open
	welcome atomic.Int32
	begun   chan struct{} // closed once it is known what has to be caught up
	begin   func()
	ended   chan struct{}
	end     func()
}

func newLink(s *discordgo.Session) *link {
	l := &link{session: s, begun: make(chan struct{}), ended: make(chan struct{})}
	l.begin = sync.OnceFunc(func() { close(l.begun) })
	l.end = sync.OnceFunc(func() { close(l.ended) })
	return l
}

// awaitBegin has an event wait until the connection begins to serve, or ends.
func (l *link) awaitBegin() {
	select {
	case <-l.begun:
	case <-l.ended:
	}
}

// watch waits until the connection ends or heartbeats are no longer answered.
func (b *Bot) watch(ctx context.Context, l *link) error {
	tick := time.NewTicker(max(b.options.Timing.Ack/8, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-l.ended:
			return errors.New("the gateway closed the connection")
		case <-tick.C:
			ack := l.lastAck()
			b.update(func(s *Status) { s.LastAck = ack })
			if time.Since(ack) > b.options.Timing.Ack {
				return errors.New("the gateway no longer answers heartbeats")
			}
		}
	}
}

// lastAck answers when a heartbeat was answered last, or else when the
// connection was opened.
func (l *link) lastAck() time.Time {
	l.session.RLock()
	defer l.session.RUnlock()
	return l.session.LastHeartbeatAck
}
