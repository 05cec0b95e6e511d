package bot

import (
	"context"
	"fmt"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
)

// listen hands the session's events on, all of them among heeded. Handlers run one
// after another, in the order of the gateway, so none may wait. The session's state
// comes first, kept here rather than by discordgo, so that an event which it cannot
// deal with costs that event alone.
func (b *Bot) listen(ctx context.Context, s *discordgo.Session, l *link, work context.Context) {
	state := &discordgo.Session{StateEnabled: true}
	s.AddHandler(func(_ *discordgo.Session, e any) {
		b.guarded("state", func() {
			if err := s.State.OnInterface(state, e); err != nil {
				l.shard.log.Debug("an event is of something unknown", zap.Error(err))
			}
		})
	})
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.Ready) {
		b.guarded("greeting", func() { b.onReady(ctx, e, l, work) })
	})
	s.AddHandler(func(*discordgo.Session, *discordgo.Disconnect) { l.end() })
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.MessageCreate) {
		l.awaitBegin()
		b.onMessage(s, e.Message, fresh, work)
	})
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.MessageUpdate) {
		l.awaitBegin()
		b.guarded("edit", func() { b.onEdit(s, e.Message, work) })
	})
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.MessageDelete) {
		b.guarded("deletion", func() { b.overtake(work, e.ID, deleted, whyDeleted) })
	})
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.MessageDeleteBulk) {
		b.guarded("deletion", func() {
			for _, id := range e.Messages {
				b.overtake(work, id, deleted, whyDeleted)
			}
		})
	})
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.InteractionCreate) {
		b.guarded("interaction", func() { b.onInteraction(s, e.Interaction, work) })
	})
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.GuildCreate) {
		b.guarded("guild", func() { b.onGuild(ctx, e.Guild, l, work) })
	})
	s.AddHandler(func(_ *discordgo.Session, e *discordgo.GuildDelete) {
		b.guarded("guild", func() { b.onGuildGone(e.Guild, l) })
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

// hearing is how a message came to our ears.
type hearing bool

const (
	fresh    hearing = false
	replayed hearing = true // as an edit, or caught up after a gap: it may have been said long ago
)

// onMessage hears what the gateway tells, once what was missed before in its
// channel has been heard.
func (b *Bot) onMessage(s *discordgo.Session, m *discordgo.Message, how hearing, work context.Context) {
	if m == nil {
		return
	}
	hear := func() { b.guarded("message", func() { b.hear(s, m, how, work) }) }
	if !b.heldBack.keeps(m.ChannelID, hear) {
		hear()
	}
}

// hear drops what is not for us and queues the rest for its channel.
func (b *Bot) hear(s *discordgo.Session, m *discordgo.Message, how hearing, work context.Context) {
	if m == nil || m.Author == nil || m.GuildID == "" || b.foreign(m.GuildID) {
		return
	}
	b.shardOf(m.GuildID).channels.latest(m.ID)
	if m.Author.Bot || m.WebhookID != "" || forwarded(m) {
		return
	}
	text, mentioned := b.text(s, m)
	b.noteContent(m, mentioned)
	if !b.options.Handler.Addressed(text, mentioned) || !b.seen.add(turnOf(m)) {
		return
	}
	b.shardOf(m.GuildID).channels.note(m.GuildID, m.ChannelID, m.ID)
	asked := question{message: m, text: text, mentioned: mentioned, how: how, session: s}
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
// configuration, user:ID, so that commands can speak of them; so are roles and
// channels that stand as words of their own.
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
	text = roleWord.ReplaceAllString(text, "${1}role:$2")
	return channelWord.ReplaceAllString(text, "${1}channel:$2"), mentioned
}

var (
	roleWord    = regexp.MustCompile(`(^|\s)<@&([0-9]{1,20})>`)
	channelWord = regexp.MustCompile(`(^|\s)<#([0-9]{1,20})>`)
)

// ourMentions are the ways to mention us: as a user, and as the role that
// Discord makes for a bot.
func (b *Bot) ourMentions(s *discordgo.Session, guild, me string) []string {
	mentions := []string{"<@" + me + ">", "<@!" + me + ">"}
	if g, err := s.State.Guild(guild); err == nil {
		s.State.RLock()
		defer s.State.RUnlock()
		for _, r := range g.Roles {
			if r.Managed && r.Name == b.Status().User {
				mentions = append(mentions, "<@&"+r.ID+">")
			}
		}
	}
	return mentions
}

// onEdit takes an edited message as a new one, so that a mistyped command can
// be mended where it stands. Discord also tells of changes that are no edits,
// such as the preview of a link.
func (b *Bot) onEdit(s *discordgo.Session, m *discordgo.Message, work context.Context) {
	if m == nil || m.Author == nil || m.Author.Bot || m.EditedTimestamp == nil {
		return
	}
	b.overtake(work, m.ID, turnOf(m), whyEdited)
	if b.isStale(m) {
		b.log.Info("an edited message is too old to act on", zap.String("message", m.ID))
		return
	}
	b.onMessage(s, m, replayed, work)
}

// staleAfter is the age at which a message that was missed or edited is let be:
// who asked has moved on, and an old change is not what they want now.
const staleAfter = 30 * time.Second

func (b *Bot) isStale(m *discordgo.Message) bool { return stale(m, b.time.at(time.Now())) }

// stale reports whether a message is too old, now being by the clock of Discord.
func stale(m *discordgo.Message, now time.Time) bool { return now.Sub(written(m)) > staleAfter }

// written answers when a message was first sent.
func written(m *discordgo.Message) time.Time {
	if !m.Timestamp.IsZero() {
		return m.Timestamp
	}
	at, err := discordgo.SnowflakeTimestamp(m.ID)
	if err != nil {
		return time.Time{} // so old that nothing is done
	}
	return at
}

// noteContent watches whether messages arrive with what they say. Without the
// intent Discord leaves it out but where we are mentioned.
func (b *Bot) noteContent(m *discordgo.Message, mentioned bool) {
	told := b.Status().NoContent
	switch {
	case mentioned, b.withoutIntent.Load():
	case m.Content != "" && told:
		b.update(func(s *Status) { s.NoContent = false })
	case m.Content == "" && !told && m.Type == discordgo.MessageTypeDefault && bare(m):
		b.update(func(s *Status) { s.NoContent = true })
		b.log.Error("a message arrived without its content; if all do, only those that mention Helix are understood. " + intentMend)
	}
}

// bare reports whether a message has nothing that could stand without words.
func bare(m *discordgo.Message) bool {
	return len(m.Attachments)+len(m.Embeds)+len(m.StickerItems)+len(m.Components)+len(m.MessageSnapshots) == 0 &&
		m.Poll == nil && m.Activity == nil && m.Flags == 0
}

// question is one message to be answered.
type question struct {
	message   *discordgo.Message
	text      string
	mentioned bool
	how       hearing
	unclaimed bool // Redis could not be asked whether it is ours
	passed    bool // what was said after it was answered before
	session   *discordgo.Session
}

// late reports whether it is too late for a question to change anything: it may
// have grown old while it waited for its turn.
func (q question) late(now time.Time) bool { return q.how == replayed && stale(q.message, now) }

// answer claims a question, asks the handler, and sends what it says.
func (b *Bot) answer(work context.Context, q question) {
	whose := b.claim(work, workOf(q))
	if whose == theirs {
		return
	}
	if whose != unknown {
		defer b.finished(work, workOf(q))
	}
	q.unclaimed, q.passed = whose == unknown, whose == passed && q.how == replayed
	b.answerClaimed(work, q)
}

func (b *Bot) answerClaimed(work context.Context, q question) {
	m, o := q.message, occasionOf(q.message)
	if work.Err() != nil {
		b.send(work, o, commands.Reply{Outcome: commands.Cancelled,
			Problem: "Helix is being stopped or started anew, so this was not run. Send it again in a moment."})
		return
	}
	if !b.awaitDecision(work) {
		b.refuseUndecided(work, m)
		return
	}
	if !b.serves(m.GuildID) {
		return
	}
	member, err := b.member(work, q.session, seat{m.GuildID, m.ChannelID}, m.Author, m.Member)
	if err != nil {
		b.log.Error("member could not be read", zap.String("message", m.ID), zap.Error(err))
		b.send(work, o, commands.Reply{Outcome: commands.Denied,
			Problem: "Your roles could not be read from Discord, so nothing was run. Try again in a moment."})
		return
	}
	o.caller = member
	if _, acted := b.acted.get(m.ID); acted {
		b.send(work, o, commands.Reply{Outcome: commands.Unconfirmed,
			Problem: "An earlier version of this message has changed something already, so this one was not run. Send it as a new message."})
		return
	}
	running := b.begin(work, o, "", &commands.Progress{})
	reply, shown := running.follow(func(ctx context.Context) commands.Reply {
		return b.ask(ctx, commands.Request{
			ID: m.ID, Text: q.text, Caller: member, Mentioned: q.mentioned, Late: q.late(b.time.at(time.Now())), Unclaimed: q.unclaimed, Overtaken: q.passed, AlwaysPlan: m.EditedTimestamp != nil, Redact: b.options.Redact,
			Progress: running.progress, Member: b.memberFinder(q.session, member), Elsewhere: b.elsewhere(member),
		})
	})
	if reply.Changed {
		b.acted.add(m.ID)
	}
	if shown == "" && reply.Quiet {
		return
	}
	b.present(work, o, shown, reply)
	b.dropOvertaken(work, o, reply.Plan)
}

// ask has the handler answer. A fault in it costs one answer, and says so.
func (b *Bot) ask(ctx context.Context, req commands.Request) (reply commands.Reply) {
	b.guardedAs("request", func() { reply = b.options.Handler.Handle(ctx, req) }, func() { reply = faulty(req.ID) })
	return reply
}

// faulty answers for a fault of ours in what a message or a press asked.
func faulty(id string) commands.Reply {
	return commands.Reply{Outcome: commands.Faulty, Problem: fmt.Sprintf("Something went wrong on our side (message %s). The log has the details.", id)}
}

// refuseUndecided says why nothing is served yet, where that cannot be the
// wrong server.
func (b *Bot) refuseUndecided(work context.Context, m *discordgo.Message) {
	if work.Err() != nil || b.Status().Guilds != 1 {
		return
	}
	b.send(work, occasionOf(m), commands.Reply{Outcome: commands.Unreachable,
		Problem: "Nothing was run: which server Helix serves is kept in Redis, which does not answer. Try again once it is back."})
}

// refuseCrowd says that a channel's queue is full, once the queue has room.
func (b *Bot) refuseCrowd(work context.Context, m *discordgo.Message) {
	said := b.queues.aside(func() {
		b.send(work, occasionOf(m), commands.Reply{Outcome: commands.Limited,
			Problem: fmt.Sprintf("%d commands are waiting in this channel already, so this one was not taken. Send it again when they are answered.", queueLength)})
	})
	if !said {
		b.log.Error("a message was neither taken nor refused: too many are refused at a time", zap.String("message", m.ID))
		b.lose(work, m.ChannelID)
	}
}
