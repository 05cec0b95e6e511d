package bot

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"
)

// press is a button that a member pressed, a form that they handed in, or a command
// that they chose. Discord waits three seconds for its first answer. One that takes
// longer is deferred: a press below a message then shows nothing, and what comes of
// it follows another way; a command shows that Helix is thinking, and its answer
// takes that notice's place.
type press struct {
	*discordgo.Interaction
	bot     *Bot
	session *discordgo.Session

	until  time.Time // Discord takes a first answer
	lapses time.Time // Discord takes no further one

	unclaimed bool // Redis could not be asked whether it is ours
	goesOn    bool // what it began outlasts the action, and says itself when it is finished

	mu      sync.Mutex // held while Discord is told the first answer
	taken   *callback  // the first answer that Discord has taken; nil: none yet
	unsure  *callback  // one of which nobody knows whether it has
	private bool       // who pressed sees the answer, and nobody else
}

// newPress makes a press of an interaction that has just come.
func (b *Bot) newPress(s *discordgo.Session, i *discordgo.Interaction) *press {
	now := time.Now()
	return &press{Interaction: i, bot: b, session: s, until: now.Add(answerWithin), lapses: now.Add(b.options.Timing.Token)}
}

// runs reports whether the press has a program run in its own answer, which may
// last.
func (p *press) runs() bool {
	switch data := p.Data.(type) {
	case discordgo.ApplicationCommandInteractionData:
		return p.Type == discordgo.InteractionApplicationCommand
	case discordgo.ModalSubmitInteractionData:
		return strings.HasPrefix(data.CustomID, longPrefix)
	}
	return false
}

// only has the answer shown to whoever pressed alone, if private is true. It is to
// be said before the first answer.
func (p *press) only(private bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.private = private
}

// answerWithin is how long Discord waits for the first answer to a press.
const answerWithin = 3 * time.Second

// attend claims a press, acts on it, and sees to its being answered in time, by a fault too.
func (b *Bot) attend(work context.Context, p *press, act func(context.Context, *press)) {
	if p.Type != discordgo.InteractionApplicationCommandAutocomplete { // which does nothing
		whose := b.claim(work, p.work())
		if whose == theirs {
			return
		}
		p.unclaimed = whose == unknown
	}
	timer := time.AfterFunc(b.options.Timing.Defer, func() { p.deferAnswer(work) })
	defer timer.Stop()
	b.guardedAs("press", func() { act(work, p) }, func() { p.whisper(work, said(faulty(p.ID))) })
	if !p.goesOn {
		b.finishedPress(work, p)
	}
}

// finishedPress says that a press has been answered.
func (b *Bot) finishedPress(work context.Context, p *press) {
	if p.Type != discordgo.InteractionApplicationCommandAutocomplete && !p.unclaimed {
		b.finished(work, p.work())
	}
}

// whisper answers with words that only the presser sees.
func (p *press) whisper(ctx context.Context, text string) {
	p.whisperAnswer(ctx, answer{content: clip(text, maxContent)})
}

// whisperAnswer answers with what only the presser sees, files included.
func (p *press) whisperAnswer(ctx context.Context, a answer) {
	if len(a.files) == 0 && p.first(ctx, callback{Type: callbackMessage, Data: a.whispered()}) {
		return
	}
	p.only(true)
	p.deferAnswer(ctx)
	err := p.sayAlone(ctx, a)
	if len(a.files) > 0 && refusesFile(err) {
		err = p.sayAlone(ctx, a.withoutFile(err))
	}
	p.bot.missed(p, err)
}

// whispered is an answer as a message for one person.
func (a answer) whispered() outgoing {
	return outgoing{Content: a.content, Mentions: nobody(), Flags: flagEphemeral | flagNoEmbeds, Rows: a.rows, Attachments: a.attachments, revealed: a.revealed}
}

// follow says something behind the first answer to a press.
func (p *press) follow(ctx context.Context, words outgoing, files []file) error {
	return p.bot.rest.do(ctx, call{
		method: http.MethodPost, path: "/webhooks/" + p.AppID + "/" + p.Token,
		body: words, files: files, once: true, anonymous: true,
	}, nil)
}

// update puts an answer without files in the place of the message with the
// button. ok is false if Discord did not take it so.
func (p *press) update(ctx context.Context, a answer) (ok bool) {
	return p.first(ctx, callback{Type: callbackUpdate, Data: a.inPlace()})
}

// become puts an answer without files in the place of the message with the
// button, whatever has become of the press itself.
func (p *press) become(ctx context.Context, a answer) {
	if p.update(ctx, a) {
		return
	}
	p.deferAnswer(ctx)
	ctx, cancel := lastWords(ctx)
	defer cancel()
	p.bot.missed(p, p.bot.editTo(ctx, p.ChannelID, p.Message.ID, a))
}

// deferAnswer tells Discord that the press is seen to, unless it is answered.
func (p *press) deferAnswer(ctx context.Context) {
	if p.Message != nil {
		p.first(ctx, callback{Type: callbackDefer})
		return
	}
	p.first(ctx, callback{Type: callbackThinking, Data: notice{}})
}

// notice says that an answer follows, and to whom. Who sees it sees that answer.
type notice struct {
	Flags int `json:"flags,omitempty"`
}

// first gives the first answer to a press; ok is false if there has been one, or
// Discord did not take it.
func (p *press) first(ctx context.Context, c callback) (ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken != nil || time.Now().After(p.until) {
		return false
	}
	ctx, cancel := context.WithDeadline(ctx, p.until)
	defer cancel()
	if _, thinks := c.Data.(notice); thinks && p.private {
		c.Data = notice{Flags: flagEphemeral}
	}
	err := p.bot.rest.do(ctx, call{
		method: http.MethodPost, path: "/interactions/" + p.ID + "/" + p.Token + "/callback", body: c,
		anonymous: true, urgent: true,
	}, nil)
	switch api := (*apiError)(nil); {
	case err == nil:
		p.taken = &c
	case hasCode(err, codeAlreadyAnswered): // by a try whose response was lost, of this answer or of one before
		p.taken = cmp.Or(p.unsure, &c)
	case !errors.As(err, &api), api.Status >= http.StatusInternalServerError:
		p.unsure = &c
	}
	if p.taken == nil {
		p.bot.missed(p, err)
	}
	return p.taken == &c
}

// thinking reports whether what Discord has taken is the notice that an answer
// follows, and whether everybody sees that.
func (p *press) thinking() (thinks, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.taken == nil {
		return false, false
	}
	n, thinks := p.taken.Data.(notice)
	return thinks, thinks && n.Flags == 0
}

// missed says in the log that a press could not be answered. One that came too
// late, or whose message is gone, is nobody's fault.
func (b *Bot) missed(p *press, err error) {
	if err != nil && !hasCode(err, codeUnknownInteract, codeUnknownMessage) {
		b.log.Warn("a press could not be answered", zap.String("interaction", p.ID), zap.Error(err))
	}
}
