package bot

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/clock"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/lease"
)

// answer is a reply as it is sent: one message, and perhaps files.
type answer struct {
	content     string
	rows        []row
	files       []file
	attachments []attachment
	revealed    bool // for somebody alone: it may show what is hidden elsewhere
}

// compose renders a reply, and keeps what of it can be read on.
func (b *Bot) compose(o occasion, reply commands.Reply) answer {
	reply = b.look.reply(reply, false)
	if parts, files, ok := renderCard(reply); ok {
		a := composed(rendered{pages: []string{""}, files: files})
		a.rows = append(parts, b.below(o, reply, nil, len(files) > len(reply.Pictures))...)
		return a
	}
	r := render(reply)
	filed := len(r.files) > 0
	for _, p := range reply.Pictures {
		r.files = append(r.files, pictureFile(p))
	}
	a := composed(r)
	if reply.Plan != nil {
		a.rows = planButtons(reply.Plan, false)
		return a
	}
	a.rows = b.below(o, reply, r.pages, filed)
	return a
}

// maxRows is how many rows of buttons and menus a message has room for.
const maxRows = 5

// below are the buttons and menus below an answer's first page.
func (b *Bot) below(o occasion, reply commands.Reply, pages []string, filed bool) []row {
	kept := &book{id: nonce(o.id), pages: pages, whole: reply.Output, missing: reply.Truncated} // an edit's answer is another
	kept.below = append(toolRow(revealer(o, reply), readers(kept, filed)), offered(reply)...)
	kept.below = kept.below[:min(len(kept.below), maxRows-1)]
	if !kept.worthIt(filed) {
		return kept.below
	}
	b.pages.keep(kept)
	if len(pages) < 2 {
		return kept.below
	}
	return append(turners(kept.id, 0, len(pages)), kept.below...)
}

// composed is the first page of what was rendered, and its files.
func composed(r rendered) answer {
	a := answer{content: r.pages[0], files: r.files}
	for i, f := range r.files {
		a.attachments = append(a.attachments, attachment{ID: strconv.Itoa(i), Filename: f.name})
	}
	return a
}

// withoutFile says why the file is missing, which Discord refused with err.
func (a answer) withoutFile(err error) answer {
	why := noFileRight
	if !hasCode(err, codeMissingRights) {
		why = noFileSize
	}
	a.files, a.attachments = nil, nil
	if laidOut(a.rows) {
		a.rows = append(withoutFiles(a.rows), textRow(strings.TrimSpace(why)))
		return a
	}
	a.content = clip(a.content, maxContent-len(why)) + why
	return a
}

// present answers an occasion: in the place of the message that showed how far
// it was, if there is one.
func (b *Bot) present(work context.Context, o occasion, shown string, reply commands.Reply) {
	if o.press != nil {
		b.respond(work, o, shown, reply)
		return
	}
	if shown != "" {
		b.sendInPlace(work, o, shown, reply)
		return
	}
	b.send(work, o, reply)
}

// send answers in a message of its own. Where a right is missing in the channel
// it makes do with less, and says which one it was.
func (b *Bot) send(work context.Context, o occasion, reply commands.Reply) {
	ctx, cancel := lastWords(work)
	defer cancel()
	a := b.compose(o, reply)
	plan := b.expectYes(work, o, reply.Plan, a)
	message, err := b.postAnswer(ctx, o, a, nonce(o.id))
	if len(a.files) > 0 && refusesFile(err) {
		a = a.withoutFile(err)
		message, err = b.postAnswer(ctx, o, a, nonce(o.id+" without file"))
	}
	if err != nil {
		b.plans.forget(plan)
		b.unsent(work, o, reply, err)
		return
	}
	b.showsPlan(work, plan, message)
	b.keepUp(work, o, message, reply.Watch)
}

// postAnswer answers the id of the message that was posted.
func (b *Bot) postAnswer(ctx context.Context, o occasion, a answer, nonce string) (message string, err error) {
	var posted struct {
		ID string `json:"id"`
	}
	err = b.postFor(ctx, o.channel, outgoing{
		Content: a.content, Mentions: nobody(), Flags: flagNoEmbeds, Rows: a.rows, Attachments: a.attachments,
		Reference: o.reference(),
		Nonce:     nonce, EnforceNonce: true,
	}, a.files, &posted)
	return posted.ID, err
}

// sendInPlace answers in the place of a message that showed how far the program
// was; if that has been deleted, in a new one.
func (b *Bot) sendInPlace(work context.Context, o occasion, shown string, reply commands.Reply) {
	ctx, cancel := lastWords(work)
	defer cancel()
	a := b.compose(o, reply)
	plan := b.expectYes(work, o, reply.Plan, a)
	err := b.editTo(ctx, o.channel, shown, a)
	if len(a.files) > 0 && refusesFile(err) {
		a = a.withoutFile(err)
		err = b.editTo(ctx, o.channel, shown, a)
	}
	if err == nil {
		b.showsPlan(work, plan, shown)
		return
	}
	b.plans.forget(plan)
	if hasCode(err, codeUnknownMessage) {
		b.send(work, o, reply)
		return
	}
	b.unsent(work, o, reply, err)
}

func (b *Bot) editTo(ctx context.Context, channel, message string, a answer) error {
	return b.rest.do(ctx, call{
		method: http.MethodPatch, path: messagePath(channel, message), body: a.inPlace(), files: a.files,
		patient: true, supersedes: true,
	}, nil)
}

// inPlace is an answer as what takes a message's place.
func (a answer) inPlace() edited {
	e := edited{amended: amended{Content: wording(a.content), Mentions: nobody(), Rows: a.rows}, Attachments: a.attachments, revealed: a.revealed}
	if laidOut(a.rows) {
		e.Flags = flagLayout
	}
	if e.Rows == nil {
		e.Rows = []row{}
	}
	if e.Attachments == nil {
		e.Attachments = []attachment{}
	}
	return e
}

func messagePath(channel, message string) string {
	return "/channels/" + channel + "/messages/" + message
}

// What stands in the place of a file.
const (
	noFileRight = "\n**The file could not be attached:** Helix needs the right Attach Files in this channel."
	noFileSize  = "\n**The file could not be attached:** it is larger than this server takes. Narrow it down with `head` or `grep`."
)

// nonce is the same for the same text, and as short as Discord wants it.
func nonce(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:12])
}

// farewell is how long answers may still be sent after work was ended.
const farewell = 3 * time.Second

// stopping is why work was ended.
type stopping struct{ until time.Time } // answers may be sent

func (s *stopping) Error() string { return "Helix is stopping" }

// Is says that work which ends by it was cancelled: it did not fail.
func (s *stopping) Is(target error) bool { return target == context.Canceled }

// lastWords is for what is said about work: it outlives a work that was ended,
// so that people learn of it, but not for long.
func lastWords(work context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(work))
	stop := context.AfterFunc(work, func() {
		var s *stopping
		if errors.As(context.Cause(work), &s) {
			_ = clock.Sleep(ctx, time.Until(s.until)) // either way it is over
		}
		cancel()
	})
	return ctx, func() { stop(); cancel() }
}

func refusesFile(err error) bool {
	var refused *apiError
	return hasCode(err, codeMissingRights, codeTooLarge) ||
		errors.As(err, &refused) && refused.Status == http.StatusRequestEntityTooLarge
}

// post says something that nobody waits for and that must not wait: it goes
// before all answers.
func (b *Bot) post(ctx context.Context, channel string, out outgoing, files []file) error {
	c := postCall(channel, files)
	c.urgent = true
	return b.postAs(ctx, c, out, nil)
}

// postFor sends a message and decodes it as Discord has it into posted.
func (b *Bot) postFor(ctx context.Context, channel string, out outgoing, files []file, posted any) error {
	return b.postAs(ctx, postCall(channel, files), out, posted)
}

func postCall(channel string, files []file) call {
	return call{method: http.MethodPost, path: "/channels/" + channel + "/messages", files: files, patient: true}
}

// postAs sends a message, without the reference where that is what Discord
// refuses: the right to read the channel's history may be missing.
func (b *Bot) postAs(ctx context.Context, c call, out outgoing, posted any) error {
	c.body = out
	err := b.rest.do(ctx, c, posted)
	if out.Reference != nil && hasCode(err, codeNoHistory, codeUnknownMessage, codeInvalidForm) {
		b.log.Warn("an answer is sent without pointing at its question (the right Read Message History lets it)",
			zap.String("to", c.path), zap.Error(err))
		out.Reference = nil
		c.body = out
		err = b.rest.do(ctx, c, posted)
	}
	return err
}

// unsent says that an answer did not reach its channel: in the log; in the
// channel itself once Discord takes messages again; and in the ops channel if the
// cause is a right that somebody can give.
func (b *Bot) unsent(work context.Context, o occasion, reply commands.Reply, err error) {
	b.log.Error("an answer could not be sent",
		zap.String("message", o.message), zap.String("channel", o.channel), zap.Error(err))
	if errors.Is(context.Cause(work), lease.ErrLost) {
		b.leaveUntold(o, reply)
		return
	}
	if !refused(err) {
		b.lose(work, o.channel)
		return
	}
	if !hasCode(err, codeMissingAccess, codeMissingRights, codeThreadArchived, codeThreadLocked) || !b.complained.add(o.channel+time.Now().Format("@2006-01-02T15")) {
		return
	}
	b.announce(work, fmt.Sprintf("Helix was asked something in <#%s> but may not answer there: it needs the rights View Channel and Send Messages (in threads: Send Messages in Threads; a locked thread also Manage Threads).", o.channel), o.channel)
}

// leaveUntold leaves what became of a change to the instance that speaks now. That
// anything else was interrupted that one knows.
func (b *Bot) leaveUntold(o occasion, reply commands.Reply) {
	if reply.Asked == "" || b.options.LeaveUntold == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), doneWithin)
	defer cancel()
	answer := strings.Join(append([]string{cmp.Or(reply.Problem, reply.Footer)}, reply.Hints...), " ")
	text := fmt.Sprintf("The answer to %s (%s) could not be sent, as another instance speaks now. It was: %s",
		o.caller.Name, reply.Asked, strings.Join(strings.Fields(answer), " "))
	if err := b.options.LeaveUntold(ctx, o.id, text); err != nil {
		b.log.Error("what became of a change is told to nobody", zap.String("text", text), zap.Error(err))
	}
}
