package bot

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"
)

// press is a button that a member pressed, or a form that they handed in. Discord
// waits three seconds for its first answer. One that takes longer is deferred,
// which shows nothing; what comes of it then follows another way.
type press struct {
	*discordgo.Interaction
	bot     *Bot
	session *discordgo.Session

	until    time.Time  // Discord takes a first answer
	mu       sync.Mutex // held while Discord is told the first answer
	answered bool       // Discord has taken it
}

// answerWithin is how long Discord waits for the first answer to a press.
const answerWithin = 3 * time.Second

// attend acts on a press and sees to its being answered in time, by a fault too.
func (b *Bot) attend(work context.Context, p *press, act func(context.Context, *press)) {
	timer := time.AfterFunc(b.options.Timing.Defer, func() { p.deferAnswer(work) })
	defer timer.Stop()
	b.guardedAs("press", func() { act(work, p) }, func() { p.whisper(work, said(faulty(p.ID))) })
}

// whisper answers with words that only the presser sees.
func (p *press) whisper(ctx context.Context, text string) {
	words := outgoing{Content: clip(text, maxContent), Mentions: nobody(), Flags: flagEphemeral}
	if !p.first(ctx, callback{Type: callbackMessage, Data: words}) {
		p.bot.missed(p, p.follow(ctx, words, nil))
	}
}

// whisperAnswer answers with what only the presser sees, files included.
func (p *press) whisperAnswer(ctx context.Context, a answer) {
	words := outgoing{Content: a.content, Mentions: nobody(), Flags: flagEphemeral | flagNoEmbeds, Attachments: a.attachments, revealed: a.revealed}
	words.Rows = layoutOnly(a.rows)
	if len(a.files) == 0 && p.first(ctx, callback{Type: callbackMessage, Data: words}) {
		return
	}
	p.deferAnswer(ctx)
	err := p.follow(ctx, words, a.files)
	if len(a.files) > 0 && refusesFile(err) {
		whole := a.withoutFile(err)
		words.Content, words.Rows, words.Attachments = whole.content, layoutOnly(whole.rows), nil
		err = p.follow(ctx, words, nil)
	}
	p.bot.missed(p, err)
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
func (p *press) deferAnswer(ctx context.Context) { p.first(ctx, callback{Type: callbackDefer}) }

// first gives the first answer to a press; ok is false if there has been one, or
// Discord did not take it.
func (p *press) first(ctx context.Context, c callback) (ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answered || time.Now().After(p.until) {
		return false
	}
	ctx, cancel := context.WithDeadline(ctx, p.until)
	defer cancel()
	err := p.bot.rest.do(ctx, call{
		method: http.MethodPost, path: "/interactions/" + p.ID + "/" + p.Token + "/callback", body: c,
		anonymous: true, urgent: true,
	}, nil)
	// Taken already: by the try before, whose response was lost.
	p.answered = err == nil || hasCode(err, codeAlreadyAnswered)
	if !p.answered {
		p.bot.missed(p, err)
	}
	return p.answered
}

// missed says in the log that a press could not be answered. One that came too
// late, or whose message is gone, is nobody's fault.
func (b *Bot) missed(p *press, err error) {
	if err != nil && !hasCode(err, codeUnknownInteract, codeUnknownMessage) {
		b.log.Warn("a press could not be answered", zap.String("interaction", p.ID), zap.Error(err))
	}
}
