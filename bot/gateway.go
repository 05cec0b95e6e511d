package bot

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
	"github.com/helix-collective/helix/clock"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
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

// supervise holds the shards' connections until ctx ends or Discord refuses one
// of them for good, which ends the others too.
func (b *Bot) supervise(ctx, work context.Context) error {
	if err := b.divide(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	b.resume(ctx)
	group, ctx := errgroup.WithContext(ctx)
	for _, s := range b.allShards() {
		group.Go(func() error { return b.superviseShard(ctx, s, work) })
	}
	return group.Wait()
}

// superviseShard connects, and connects again whenever the connection ends, until
// ctx ends or Discord refuses for good. Each connection is a session of its
// own; what was said in between is caught up over REST.
func (b *Bot) superviseShard(ctx context.Context, s *shard, work context.Context) error {
	waits := backoff{first: b.options.Timing.Backoff}
	for {
		start := time.Now()
		asked := !b.withoutIntent.Load()
		err := b.connect(ctx, s, asked, work)
		served := false
		b.update(func(*Status) { served, s.up = s.up, false })
		if ctx.Err() != nil {
			return nil
		}
		if err := b.judge(err, asked); err != nil {
			return err
		}
		wait := waits.after(time.Since(start), served)
		s.log.Warn("connection to Discord ended; connecting again", zap.Error(withoutURL(err)), zap.Duration("in", wait))
		b.update(func(st *Status) { st.Reconnects++ })
		if clock.Sleep(ctx, wait/2+rand.N(wait)) != nil {
			return nil
		}
	}
}

// judge decides whether to go on after a connection ended that asked for the
// content of messages or not: it answers the error that ends the bot. A missing
// intent is done without.
func (b *Bot) judge(err error, askedContent bool) error {
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
		if !askedContent {
			return &FatalError{"Discord refuses the intents that Helix needs at the least. Check the application's Bot page in the developer portal."}
		}
		b.doWithoutContent()
	case closeShardsNeeded:
		return &FatalError{"Discord wants the servers shared out among more connections (4011): raise discord.shards, or set it to auto and restart Helix."}
	case closeInvalidShard, closeInvalidVersion, closeInvalidIntents:
		return &FatalError{fmt.Sprintf("Discord refuses the connection for good (%d %s).", closed.Code, closed.Text)}
	}
	return nil
}

// doWithoutContent no longer asks for the content of messages.
func (b *Bot) doWithoutContent() {
	if b.withoutIntent.Swap(true) {
		return // another shard has said so
	}
	b.update(func(s *Status) { s.NoContent = true })
	b.log.Error(noIntentText + " " + intentMend)
}

func tokenRefused() error {
	return &FatalError{"Discord refuses the token. Reset it on the application's Bot page in the developer portal and put the new one into DISCORD_TOKEN."}
}

const noIntentText = "Discord refuses the message-content intent, so only messages that mention Helix are heard."

const intentMend = "Switch on the Message Content Intent on the application's Bot page in Discord's developer portal, then restart Helix."

// connect holds one connection until it ends.
func (b *Bot) connect(ctx context.Context, s *shard, content bool, work context.Context) error {
	begun, err := b.takeStart(ctx, s)
	if err != nil {
		return err
	}
	session, conns, err := b.newSession(s, content)
	if err != nil {
		begun()
		return err
	}
	l := newLink(session, s)
	defer l.end()
	missed := s.channels.gap()
	l.gap = missed
	b.listen(ctx, session, l, work)
	defer conns.close()
	err = b.open(ctx, session, conns)
	begun()
	if err != nil {
		return err
	}
	defer session.Close()
	if err := b.ready(ctx, l, missed, work); err != nil {
		return err
	}
	return b.watch(ctx, l)
}

func (b *Bot) newSession(of *shard, content bool) (*discordgo.Session, *connections, error) {
	speakAPIVersion()
	s, err := discordgo.New("Bot " + b.options.Token)
	if err != nil {
		return nil, nil, fmt.Errorf("prepare a session: %w", err)
	}
	conns := &connections{passes: b.passes(of)}
	s.Client = &http.Client{Transport: owned{b.rest}}
	s.Dialer = &websocket.Dialer{HandshakeTimeout: b.options.Timing.Open, NetDialContext: conns.dial, NetDialTLSContext: conns.dialTLS}
	s.ShouldReconnectOnError = false
	s.ShouldRetryOnRateLimit = false
	s.MaxRestRetries = 0
	s.SyncEvents = true // in order; our handlers only hand on
	s.LogLevel = discordgo.LogError
	s.StateEnabled = false // listen keeps it
	s.State.TrackPresences, s.State.TrackVoice, s.State.TrackEmojis = false, false, false
	s.State.MaxMessageCount = 0
	s.ShardID, s.ShardCount = of.id, of.of
	s.Identify.Intents = intents
	if content {
		s.Identify.Intents |= discordgo.IntentMessageContent
	}
	return s, conns, nil
}

// passes answers the check of what is read from a shard's gateway. What does not
// pass is logged, at most once a minute.
func (b *Bot) passes(of *shard) func([]byte) bool {
	var told time.Time
	return func(message []byte) bool {
		passes, sense := sift(message)
		if !sense && time.Since(told) > time.Minute {
			told = time.Now()
			of.log.Warn("an event of the gateway makes no sense and is let be", zap.Int("bytes", len(message)))
		}
		return passes
	}
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
