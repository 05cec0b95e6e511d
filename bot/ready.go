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
)

// ready begins to serve on a connection that has just opened.
func (b *Bot) ready(ctx context.Context, s *discordgo.Session, work context.Context) error {
	user := s.State.User
	if user == nil {
		return errors.New("the gateway did not say who we are")
	}
	guilds := guildsOf(s)
	first := b.Status().UserID == ""
	b.update(func(st *Status) {
		st.Connected, st.User, st.UserID, st.Guilds = true, user.Username, user.ID, len(guilds)
		st.LastAck = time.Now()
	})
	if first {
		b.log.Info("connected to Discord", zap.String("as", user.Username), zap.Int("servers", len(guilds)), zap.String("invite", InviteURL(user.ID)))
	} else {
		b.log.Info("connected to Discord again")
	}
	b.settle(ctx, s)
	if b.Status().NoContent {
		b.noIntent.Do(func() { b.queues.aside(func() { b.announce(work, noIntentText+" "+intentMend, "") }) })
	}
	b.queues.aside(func() { b.guarded("catch-up", func() { b.catchUp(ctx, s, work) }) })
	return nil
}

// onGuild learns of a guild that has come or gone.
func (b *Bot) onGuild(ctx context.Context, s *discordgo.Session) {
	b.update(func(st *Status) { st.Guilds = len(guildsOf(s)) })
	b.settle(ctx, s)
}

// staleAfter is the age at which a message that was missed is let be: who
// asked has moved on, and an old change is not what they want now.
const staleAfter = 30 * time.Second

// catchUp reads what was said while there was no connection, in the channels
// where somebody asked lately.
func (b *Bot) catchUp(ctx context.Context, s *discordgo.Session, work context.Context) {
	channels, last := b.channels.each()
	for _, channel := range channels {
		missed, err := b.messagesAfter(ctx, channel, last[channel].message)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			b.log.Warn("what was said during the gap could not be read", zap.String("channel", channel), zap.Error(err))
			continue
		}
		for _, m := range missed {
			b.takeMissed(s, m, last[channel].guild, work)
		}
	}
}

func (b *Bot) takeMissed(s *discordgo.Session, m *discordgo.Message, guild string, work context.Context) {
	if at, err := discordgo.SnowflakeTimestamp(m.ID); err != nil || time.Since(at) > staleAfter {
		b.log.Info("a message from the gap is too old to act on", zap.String("message", m.ID))
		return
	}
	m.GuildID = guild // messages read over REST leave it out
	b.onMessage(s, m, work)
}

// messagesAfter answers up to a hundred messages that followed one, in order.
func (b *Bot) messagesAfter(ctx context.Context, channel, after string) ([]*discordgo.Message, error) {
	var list []*discordgo.Message
	c := call{method: http.MethodGet, path: fmt.Sprintf("/channels/%s/messages?after=%s&limit=100", channel, after)}
	if err := b.rest.do(ctx, c, &list); err != nil {
		return nil, err
	}
	slices.Reverse(list)
	return list, nil
}
