package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
)

// onReady hears who we are and where. A gateway that declares a session void
// greets on the same connection again: what came in between is a gap as well.
func (b *Bot) onReady(ctx context.Context, e *discordgo.Ready, l *link, work context.Context) {
	var ids []string
	for _, g := range e.Guilds {
		ids = append(ids, g.ID)
	}
	b.guilds.enter(l.shard, ids)
	if e.User != nil { // the messages that follow may mention us
		b.update(func(st *Status) { st.User, st.UserID = e.User.Username, e.User.ID })
	}
	if e.Application != nil {
		b.update(func(st *Status) { st.Application = e.Application.ID })
	}
	if l.welcome.Add(1) == 1 {
		return // connect goes on once the session is open
	}
	l.gap = l.shard.channels.gap()
	if err := b.ready(ctx, l, l.gap, work); err != nil {
		b.log.Error("the gateway's second greeting is of no use", zap.Error(err))
		l.end()
	}
}

// ready begins to serve on a connection that has just opened.
func (b *Bot) ready(ctx context.Context, l *link, missed gap, work context.Context) error {
	user := l.user()
	if user == nil {
		return errors.New("the gateway did not say who we are")
	}
	guilds := len(b.guilds.list())
	l.shard.channels.begin(b.time.at(time.Now()))
	first := false
	b.update(func(st *Status) {
		st.User, st.UserID, st.Guilds = user.Username, user.ID, guilds
		first = !l.shard.served
		l.shard.served, l.shard.up, l.shard.lastAck = true, true, time.Now()
	})
	if first {
		l.shard.log.Info("connected to Discord", zap.String("as", user.Username), zap.Int("servers", guilds), zap.String("invite", InviteURL(user.ID)))
	} else {
		l.shard.log.Info("connected to Discord again")
	}
	b.settle(work)
	b.queues.apart(func() { b.guarded("slash commands", func() { b.register(work) }) })
	b.took.Do(func() { b.queues.apart(func() { b.guarded("interrupted work", func() { b.tellInterrupted(work) }) }) })
	b.inspected.Do(func() { b.queues.apart(func() { b.inspectOps(work, user.ID) }) })
	if b.withoutIntent.Load() {
		b.noIntent.Do(func() { b.queues.apart(func() { b.announce(work, noIntentText+" "+intentMend, "") }) })
	}
	b.startCatchUp(ctx, l, missed.channels, work)
	l.begin()
	return nil
}

// user is who the gateway says that we are; nil if it does not. A second greeting
// may come while the first is read.
func (l *link) user() *discordgo.User {
	l.session.State.RLock()
	defer l.session.State.RUnlock()
	return l.session.State.User
}

// inspectOps says at the start what keeps Helix from speaking up in the ops
// channel, rather than when it has something to say.
func (b *Bot) inspectOps(ctx context.Context, user string) {
	c := &checker{bot: b}
	c.user.ID = user
	c.opsChannel(ctx)
	for _, f := range c.findings {
		if f.Level != OK && ctx.Err() == nil {
			b.log.Warn(f.Detail + " " + f.Mend)
		}
	}
}

// onGuild learns of a guild that has come, or come back. Its channels tell
// where something was said during a gap.
func (b *Bot) onGuild(ctx context.Context, g *discordgo.Guild, l *link, work context.Context) {
	if g == nil || g.ID == "" || g.Unavailable {
		return
	}
	b.guilds.join(l.shard, g.ID)
	b.update(func(st *Status) { st.Guilds = len(b.guilds.list()) })
	b.settle(work)
	since, wasOut := l.shard.back(g.ID)
	if b.foreign(g.ID) {
		return
	}
	b.queues.apart(func() { b.guarded("slash commands", func() { b.register(work) }) })
	missed := l.gap.elsewhere(g)
	if wasOut {
		b.log.Info("a server is back", zap.String("server", g.ID))
		missed = append(since.within(g.ID), since.elsewhere(g)...)
	}
	if len(missed) > 0 {
		b.startCatchUp(ctx, l, missed, work)
	}
}

// onGuildGone learns of a guild that we have left. One that Discord has trouble
// with is still ours, and what is said there meanwhile is caught up.
func (b *Bot) onGuildGone(g *discordgo.Guild, l *link) {
	if g == nil || g.ID == "" {
		return
	}
	if g.Unavailable {
		if l.shard.lose(g.ID) {
			b.log.Warn("Discord has trouble with a server; Helix is heard there again once that is over", zap.String("server", g.ID))
		}
		return
	}
	b.guilds.leave(l.shard, g.ID)
	l.shard.back(g.ID) // for good
	b.queues.apart(func() { b.registry.forget(g.ID) })
	b.update(func(st *Status) { st.Guilds = len(b.guilds.list()) })
	b.log.Warn("Helix was removed from a server", zap.String("server", g.ID))
}

// startCatchUp reads what was said in channels while there was no connection.
// What is heard there meanwhile comes after it.
func (b *Bot) startCatchUp(ctx context.Context, l *link, channels []missedIn, work context.Context) {
	b.heldBack.begin(channels)
	b.queues.apart(func() {
		var group errgroup.Group
		group.SetLimit(catchUpsAtATime)
		for _, c := range channels {
			group.Go(func() error {
				defer b.heldBack.end(c.channel)
				b.guarded("catch-up", func() { b.catchUp(ctx, l.session, c, work) })
				return nil
			})
		}
		_ = group.Wait() // none fails
	})
}

const catchUpsAtATime = 8

// catchUp reads what was said in one channel. What cannot be read in time would
// be too old to act on.
func (b *Bot) catchUp(ctx context.Context, s *discordgo.Session, c missedIn, work context.Context) {
	ctx, cancel := context.WithTimeout(ctx, staleAfter)
	defer cancel()
	missed, err := b.messagesAfter(ctx, c)
	if err != nil {
		b.log.Warn("what was said during the gap could not be read", zap.String("channel", c.channel), zap.Error(err))
		return
	}
	b.heldBack.pass(func() {
		for _, m := range missed {
			b.takeMissed(s, m, c.guild, work)
		}
	})
}

func (b *Bot) takeMissed(s *discordgo.Session, m *discordgo.Message, guild string, work context.Context) {
	if b.isStale(m) {
		b.log.Info("a message from the gap is too old to act on", zap.String("message", m.ID))
		return
	}
	m.GuildID = guild       // messages read over REST leave it out
	m.EditedTimestamp = nil // whatever it said before was not heard
	b.hear(s, m, replayed, work)
}

// messagesAfter answers the messages that followed one and have no answer, in
// order: the latest hundred at the most, for older ones are too old to act on.
func (b *Bot) messagesAfter(ctx context.Context, c missedIn) ([]*discordgo.Message, error) {
	var list []*discordgo.Message
	ask := call{method: http.MethodGet, path: fmt.Sprintf("/channels/%s/messages?limit=100", c.channel), patient: true}
	if err := b.rest.do(ctx, ask, &list); err != nil {
		return nil, err
	}
	answered := b.answeredIn(list)
	list = slices.DeleteFunc(list, func(m *discordgo.Message) bool {
		return m == nil || !later(m.ID, c.after) || answered[m.ID]
	})
	slices.Reverse(list)
	return list, nil
}

// answeredIn answers which messages of a list we have answered there: whichever
// instance did has been believed, even if Redis could not be told of it.
func (b *Bot) answeredIn(list []*discordgo.Message) map[string]bool {
	me := b.Status().UserID
	answered := make(map[string]bool)
	for _, m := range list {
		if m != nil && m.Author != nil && m.Author.ID == me && m.MessageReference != nil {
			answered[m.MessageReference.MessageID] = true
		}
	}
	return answered
}
