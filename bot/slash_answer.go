package bot

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/helix-collective/helix/commands"
)

// original names the first answer to a press among its messages.
const original = "@original"

// errLapsed says that Discord takes no further answer to a press.
var errLapsed = errors.New("the time for answering is over")

// respond answers a command in its own answer; once Discord takes that no more, in
// the channel. shown is the message that shows how far it was, if there is one.
func (b *Bot) respond(work context.Context, o occasion, shown string, reply commands.Reply) {
	ctx, cancel := lastWords(work)
	defer cancel()
	p := o.press
	a := b.compose(o, reply)
	if p.private || isPersonal(reply) {
		p.whisperAnswer(ctx, a)
		return
	}
	plan := b.expectYes(work, o, reply.Plan, a)
	message, err := p.answer(ctx, a)
	if len(a.files) > 0 && refusesFile(err) {
		a = a.withoutFile(err)
		message, err = p.answer(ctx, a)
	}
	if err != nil {
		b.plans.forget(plan)
	}
	switch {
	case err == nil && plan != nil:
		b.showsPlan(work, plan, p.original(ctx, message))
	case err == nil && reply.Watch != nil:
		b.keepUp(work, o.inChannel(), p.original(ctx, message), reply.Watch)
	case err == nil:
	case isLapsed(err):
		reply.Hints = append(reply.Hints, "Asked by "+o.caller.Name+" with a command whose own answer Discord takes no more.")
		b.present(work, o.inChannel(), shown, reply)
	default:
		b.unsent(work, o, reply, err)
	}
}

// isPersonal reports whether a reply is for the eyes of who asked alone: what they
// may not, and what they got wrong.
func isPersonal(reply commands.Reply) bool {
	switch reply.Outcome {
	case commands.Denied, commands.Syntax, commands.Unknown:
		return reply.Plan == nil
	}
	return false
}

// isLapsed reports whether an error means that a press takes no further answer.
func isLapsed(err error) bool {
	return errors.Is(err, errLapsed) || hasStatus(err, http.StatusUnauthorized, http.StatusNotFound) ||
		hasCode(err, codeUnknownWebhook, codeInvalidToken, codeUnknownInteract, codeUnknownMessage)
}

// lasts reports whether Discord still takes answers to a press.
func (p *press) lasts() bool { return time.Now().Before(p.lapses) }

// messagePath is where a message that answers a press is reached without a right
// in its channel.
func (p *press) messagePath(message string) string {
	return "/webhooks/" + p.AppID + "/" + p.Token + "/messages/" + message
}

// answer gives a press its answer, for all to see: at once, or in the place of what
// was said so far, which is where it answers the message's id. Repeating it does no
// harm.
func (p *press) answer(ctx context.Context, a answer) (message string, err error) {
	said := outgoing{Content: a.content, Mentions: nobody(), Flags: flagNoEmbeds, Rows: a.rows}
	if len(a.files) == 0 && p.first(ctx, callback{Type: callbackMessage, Data: said}) {
		return "", nil
	}
	return p.showInPlace(ctx, a)
}

// showInPlace puts an answer in the place of what was said so far, which is the
// notice that it follows at the latest. It answers the message's id.
func (p *press) showInPlace(ctx context.Context, a answer) (message string, err error) {
	p.deferAnswer(ctx)
	if !p.lasts() {
		return "", errLapsed
	}
	var shown struct {
		ID string `json:"id"`
	}
	err = p.bot.rest.do(ctx, call{
		method: http.MethodPatch, path: p.messagePath(original), body: a.inPlace(), files: a.files, anonymous: true, patient: true,
	}, &shown)
	return shown.ID, err
}

// original is the id of the first answer, which is asked for unless it is known. A
// plan whose message is not known cannot be seen to lapse, and is confirmed all the
// same.
func (p *press) original(ctx context.Context, known string) string {
	if known != "" {
		return known
	}
	var shown struct {
		ID string `json:"id"`
	}
	err := p.bot.rest.do(ctx, call{method: http.MethodGet, path: p.messagePath(original), anonymous: true}, &shown)
	if err != nil {
		p.bot.missed(p, err)
	}
	return shown.ID
}

// sayAlone says something to the presser alone that could not be the first answer:
// in the place of a notice that only they see, or else behind what everybody saw.
func (p *press) sayAlone(ctx context.Context, a answer) error {
	thinks, open := p.thinking()
	if thinks && !open {
		_, err := p.showInPlace(ctx, a)
		return err
	}
	if open {
		// Else what follows would take the notice's place, for all to see.
		err := p.bot.rest.do(ctx, call{method: http.MethodDelete, path: p.messagePath(original), anonymous: true}, nil)
		if err != nil && !hasCode(err, codeUnknownMessage) {
			return err
		}
	}
	return p.follow(ctx, a.whispered(), a.files)
}
