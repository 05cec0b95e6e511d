package bot

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
)

// answer is a reply as it is sent: one message, and perhaps a file.
type answer struct {
	content     string
	rows        []row
	files       []file
	attachments []attachment
}

// compose renders a reply, and keeps its pages for turning.
func (b *Bot) compose(asked *discordgo.Message, reply commands.Reply) answer {
	r := render(reply)
	a := answer{content: r.pages[0]}
	if len(r.pages) > 1 {
		book := nonce(turnOf(asked)) // an edit's pages are others
		b.pages.keep(book, r.pages)
		a.rows = turners(book, 0, len(r.pages))
	}
	if r.file != nil {
		a.files = []file{*r.file}
		a.attachments = []attachment{{ID: "0", Filename: r.file.name}}
	}
	return a
}

// withoutFile says why the file is missing, which Discord refused with err.
func (a answer) withoutFile(err error) answer {
	why := noFileRight
	if !hasCode(err, codeMissingRights) {
		why = noFileSize
	}
	a.content = clip(a.content, maxContent-len(why)) + why
	a.files, a.attachments = nil, nil
	return a
}

// send answers a message. Where a right is missing in the channel it makes do
// with less, and says which one it was.
func (b *Bot) send(work context.Context, asked *discordgo.Message, reply commands.Reply) {
	ctx, cancel := lastWords(work)
	defer cancel()
	a := b.compose(asked, reply)
	err := b.postAnswer(ctx, asked, a, nonce(turnOf(asked)))
	if len(a.files) > 0 && refusesFile(err) {
		err = b.postAnswer(ctx, asked, a.withoutFile(err), nonce(turnOf(asked)+" without file"))
	}
	if err != nil {
		b.unsent(ctx, asked, err)
	}
}

func (b *Bot) postAnswer(ctx context.Context, asked *discordgo.Message, a answer, nonce string) error {
	return b.post(ctx, asked.ChannelID, outgoing{
		Content: a.content, Mentions: nobody(), Flags: flagNoEmbeds, Rows: a.rows, Attachments: a.attachments,
		Reference: &reference{MessageID: asked.ID},
		Nonce:     nonce, EnforceNonce: true,
	}, a.files)
}

// sendInPlace answers a message in the place of one that showed how far the
// program was; if that has been deleted, in a new one.
func (b *Bot) sendInPlace(work context.Context, asked *discordgo.Message, shown string, reply commands.Reply) {
	ctx, cancel := lastWords(work)
	defer cancel()
	a := b.compose(asked, reply)
	err := b.editTo(ctx, asked.ChannelID, shown, a)
	if len(a.files) > 0 && refusesFile(err) {
		err = b.editTo(ctx, asked.ChannelID, shown, a.withoutFile(err))
	}
	if hasCode(err, codeUnknownMessage) {
		b.send(work, asked, reply)
		return
	}
	if err != nil {
		b.unsent(ctx, asked, err)
	}
}

func (b *Bot) editTo(ctx context.Context, channel, message string, a answer) error {
	body := edited{Content: a.content, Mentions: nobody(), Rows: a.rows, Attachments: a.attachments}
	if body.Rows == nil {
		body.Rows = []row{}
	}
	if body.Attachments == nil {
		body.Attachments = []attachment{}
	}
	return b.rest.do(ctx, call{
		method: http.MethodPatch, path: "/channels/" + channel + "/messages/" + message, body: body, files: a.files, patient: true,
	}, nil)
}

// What stands in the place of a file.
const (
	noFileRight = "\n**The file could not be attached:** Helix needs the right Attach Files in this channel."
	noFileSize  = "\n**The file could not be attached:** it is larger than this server takes. Narrow it down with `head` or `grep`."
)

// turnOf names what is answered: a message, or one edit of it.
func turnOf(m *discordgo.Message) string {
	if m.EditedTimestamp == nil {
		return m.ID
	}
	return m.ID + "@" + m.EditedTimestamp.UTC().Format(time.RFC3339Nano)
}

// nonce is the same for the same text, and as short as Discord wants it.
func nonce(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:12])
}

// farewell is how long answers may still be sent after work was ended.
const farewell = 2 * time.Second

// stopping is why work was ended.
type stopping struct{ until time.Time } // answers may be sent

func (s *stopping) Error() string { return "Helix is stopping" }

// lastWords is for what is said about work: it outlives a work that was ended,
// so that people learn of it, but not for long.
func lastWords(work context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(work))
	stop := context.AfterFunc(work, func() {
		var s *stopping
		if errors.As(context.Cause(work), &s) {
			_ = pause(ctx, time.Until(s.until)) // either way it is over
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

// post sends a message, without the reference where that is what Discord
// refuses: the right to read the channel's history may be missing.
func (b *Bot) post(ctx context.Context, channel string, out outgoing, files []file) error {
	return b.postFor(ctx, channel, out, files, nil)
}

// postFor does so too, and decodes the message as Discord has it into posted.
func (b *Bot) postFor(ctx context.Context, channel string, out outgoing, files []file, posted any) error {
	c := call{method: http.MethodPost, path: "/channels/" + channel + "/messages", body: out, files: files, patient: true}
	err := b.rest.do(ctx, c, posted)
	if out.Reference != nil && hasCode(err, codeNoHistory, codeUnknownMessage, codeInvalidForm) {
		b.log.Warn("an answer is sent without pointing at its question (the right Read Message History lets it)",
			zap.String("channel", channel), zap.Error(err))
		out.Reference = nil
		c.body = out
		err = b.rest.do(ctx, c, posted)
	}
	return err
}

// unsent says that an answer did not reach its channel: in the log, and in the
// ops channel if the cause is a right that somebody can give.
func (b *Bot) unsent(ctx context.Context, asked *discordgo.Message, err error) {
	b.log.Error("an answer could not be sent",
		zap.String("message", asked.ID), zap.String("channel", asked.ChannelID), zap.Error(err))
	if !hasCode(err, codeMissingAccess, codeMissingRights, codeThreadArchived, codeThreadLocked) || !b.complained.add(asked.ChannelID+time.Now().Format("@2006-01-02T15")) {
		return
	}
	b.announce(ctx, fmt.Sprintf("Helix was asked something in <#%s> but may not answer there: it needs the rights View Channel and Send Messages (in threads: Send Messages in Threads; a locked thread also Manage Threads).", asked.ChannelID), asked.ChannelID)
}

// announce says something in the ops channel, unless that is the channel which
// it is about.
func (b *Bot) announce(ctx context.Context, text, about string) {
	ops := b.options.OpsChannel
	if ops == "" || ops == about {
		return
	}
	ctx, cancel := lastWords(ctx)
	defer cancel()
	if err := b.post(ctx, ops, outgoing{
		Content: clip(text, maxContent), Mentions: nobody(), Flags: flagNoEmbeds,
		Nonce: nonce(rand.Text()), EnforceNonce: true,
	}, nil); err != nil {
		b.log.Error("the ops channel cannot be written to", zap.String("channel", ops), zap.Error(err))
	}
}
