package bot

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
)

// listen hands the session's events on. Handlers run one after another, in the
// order of the gateway, so none may wait.
func (b *Bot) listen(s *discordgo.Session, l *link, work context.Context) {
	s.AddHandler(func(*discordgo.Session, *discordgo.Disconnect) { l.end() })
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.MessageCreate) {
		b.guarded("message", func() { b.onMessage(s, e.Message, work) })
	})
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.InteractionCreate) {
		b.guarded("interaction", func() { b.onInteraction(e.Interaction, work) })
	})
	s.AddHandler(func(*discordgo.Session, *discordgo.GuildCreate) {
		b.guarded("guild", func() { b.onGuild(work, s) })
	})
}

// guarded keeps a fault in one handler from ending the process.
func (b *Bot) guarded(what string, handle func()) { b.guardedAs(what, handle, func() {}) }

// guardedAs does so too, and then does something about it.
func (b *Bot) guardedAs(what string, handle, mend func()) {
	defer func() {
		if fault := recover(); fault != nil {
			b.log.Error("a handler panicked", zap.String("event", what), zap.Any("fault", fault), zap.ByteString("stack", debug.Stack()))
			mend()
		}
	}()
	handle()
}

// onMessage drops what is not for us and queues the rest for its channel.
func (b *Bot) onMessage(s *discordgo.Session, m *discordgo.Message, work context.Context) {
	if m == nil || m.Author == nil || m.Author.Bot || m.WebhookID != "" || m.GuildID == "" || forwarded(m) {
		return
	}
	if b.foreign(m.GuildID) {
		return
	}
	text, mentioned := b.text(s, m)
	if m.Content == "" && !mentioned && !b.Status().NoContent && len(m.Attachments) == 0 && len(m.Embeds) == 0 && len(m.StickerItems) == 0 {
		b.noteEmptyContent()
		return
	}
	if !b.options.Handler.Addressed(text, mentioned) || !b.seen.add(m.ID) {
		return
	}
	b.channels.note(m.GuildID, m.ChannelID, m.ID)
	asked := question{message: m, text: text, mentioned: mentioned, session: s}
	if !b.queues.push(m.ChannelID, func() { b.guarded("message", func() { b.answer(work, asked) }) }) {
		b.refuseCrowd(work, m)
	}
}

func forwarded(m *discordgo.Message) bool {
	return m.MessageReference != nil && m.MessageReference.Type == discordgo.MessageReferenceTypeForward ||
		m.Type != discordgo.MessageTypeDefault && m.Type != discordgo.MessageTypeReply
}

// text answers what a message says without the mention of us at its front, and
// whether we are mentioned. Other members that it mentions are named as in the
// configuration, user:ID, so that commands can speak of them.
func (b *Bot) text(s *discordgo.Session, m *discordgo.Message) (text string, mentioned bool) {
	me := b.Status().UserID
	text = m.Content
	mentioned = slices.ContainsFunc(m.Mentions, func(u *discordgo.User) bool { return u.ID == me }) && m.MessageReference == nil
	for _, mention := range b.ourMentions(s, m.GuildID, me) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(text), mention); ok {
			text, mentioned = strings.TrimSpace(rest), true
		}
	}
	for _, u := range m.Mentions {
		text = strings.NewReplacer("<@"+u.ID+">", "user:"+u.ID, "<@!"+u.ID+">", "user:"+u.ID).Replace(text)
	}
	return text, mentioned
}

// ourMentions are the ways to mention us: as a user, and as the role that
// Discord makes for a bot.
func (b *Bot) ourMentions(s *discordgo.Session, guild, me string) []string {
	mentions := []string{"<@" + me + ">", "<@!" + me + ">"}
	if g, err := s.State.Guild(guild); err == nil {
		for _, r := range g.Roles {
			if r.Managed && r.Name == b.Status().User {
				mentions = append(mentions, "<@&"+r.ID+">")
			}
		}
	}
	return mentions
}

func (b *Bot) noteEmptyContent() {
	b.emptyContent.Do(func() {
		b.update(func(s *Status) { s.NoContent = true })
		b.log.Error("messages arrive without their content, so only those that mention Helix are understood. " + intentMend)
	})
}

// question is one message to be answered.
type question struct {
	message   *discordgo.Message
	text      string
	mentioned bool
	session   *discordgo.Session
}

// answer asks the handler and sends what it says.
func (b *Bot) answer(work context.Context, q question) {
	if work.Err() != nil {
		return
	}
	m := q.message
	if !b.awaitDecision(work) {
		b.refuseUndecided(work, m)
		return
	}
	if !b.serves(m.GuildID) {
		return
	}
	member, err := b.member(work, q.session, m)
	if err != nil {
		b.log.Error("member could not be read", zap.String("message", m.ID), zap.Error(err))
		b.send(work, m, commands.Reply{Outcome: commands.Denied,
			Problem: "Your roles could not be read from Discord, so nothing was run. Try again in a moment."})
		return
	}
	reply, shown := b.follow(work, m, func(ctx context.Context, progress *commands.Progress) commands.Reply {
		return b.ask(ctx, commands.Request{
			ID: m.ID, Text: q.text, Caller: member, Mentioned: q.mentioned, Progress: progress,
			Member: b.memberFinder(q.session, member),
		})
	})
	switch {
	case shown != "":
		b.sendInPlace(work, m, shown, reply)
	case !reply.Quiet:
		b.send(work, m, reply)
	}
}

// ask has the handler answer. A fault in it costs one answer, and says so.
func (b *Bot) ask(ctx context.Context, req commands.Request) (reply commands.Reply) {
	b.guardedAs("request", func() { reply = b.options.Handler.Handle(ctx, req) }, func() {
		reply = commands.Reply{Outcome: commands.Faulty, Problem: fmt.Sprintf("Something went wrong on our side (message %s). The log has the details.", req.ID)}
	})
	return reply
}

// refuseUndecided says why nothing is served yet, where that cannot be the
// wrong server.
func (b *Bot) refuseUndecided(work context.Context, m *discordgo.Message) {
	if work.Err() != nil || b.Status().Guilds != 1 {
		return
	}
	b.send(work, m, commands.Reply{Outcome: commands.Unreachable,
		Problem: "Nothing was run: which server Helix serves is kept in Redis, which does not answer. Try again once it is back."})
}

// refuseCrowd says that a channel's queue is full, once the queue has room.
func (b *Bot) refuseCrowd(work context.Context, m *discordgo.Message) {
	b.queues.aside(func() {
		b.send(work, m, commands.Reply{Outcome: commands.Limited,
			Problem: fmt.Sprintf("%d commands are waiting in this channel already, so this one was not taken. Send it again when they are answered.", queueLength)})
	})
}
