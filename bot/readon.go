package bot

import (
	"bytes"
	"context"
	"fmt"

	"github.com/helix-collective/helix/commands"
)

// What the custom ids of the buttons begin with that read on in an answer; what
// it is kept under follows. The form of the filter has the same prefix.
const (
	filePrefix   = "file:"
	filterPrefix = "filter:"
)

// longLines is from how many lines on an answer in one message is worth a filter.
const longLines = 20

// worthIt reports whether more of an answer can be read than its message shows,
// or so much is shown that a part of it may be looked for.
func (b *book) worthIt(filed bool) bool {
	return len(b.pages) > 1 || filed || bytes.Count(b.whole, []byte("\n")) >= longLines
}

// readers are the buttons that read on in an answer. filed says that it has come
// with its file.
func readers(b *book, filed bool) []button {
	if !b.worthIt(filed) {
		return nil
	}
	made := func(label, prefix string) button {
		return button{Type: componentButton, Style: styleSecondary, Label: label, CustomID: prefix + b.id}
	}
	filter := made("Filter…", filterPrefix)
	if filed {
		return []button{filter}
	}
	return []button{made("As file", filePrefix), filter}
}

// toolRow sets buttons in one row; there is none without any.
func toolRow(groups ...[]button) []row {
	var all []button
	for _, buttons := range groups {
		all = append(all, buttons...)
	}
	if len(all) == 0 {
		return nil
	}
	return []row{{Type: componentRow, Buttons: all}}
}

// giveFile shows the presser the whole of an answer as a file.
func (b *Bot) giveFile(ctx context.Context, p *press, id string) {
	b.noteClick(p, "file of answer "+id)
	kept := b.pages.find(id)
	if kept == nil {
		p.whisper(ctx, notKept)
		return
	}
	note := fmt.Sprintf("The whole answer, %s.", size(int64(len(kept.whole))))
	if kept.missing > 0 {
		note = fmt.Sprintf("The first %s of the answer; %s more were left out.", size(int64(len(kept.whole))), size(kept.missing))
	}
	p.whisperAnswer(ctx, composed(rendered{pages: []string{note}, files: []file{{name: fileName, data: kept.whole}}}))
}

// maxFilter is how long a filter may be, in characters.
const maxFilter = 500

// askForFilter opens the form for a filter.
func (b *Bot) askForFilter(ctx context.Context, p *press, id string) {
	b.noteClick(p, "filter of answer "+id)
	if b.pages.find(id) == nil {
		p.whisper(ctx, notKept)
		return
	}
	p.first(ctx, callback{Type: callbackForm, Data: form{CustomID: filterPrefix + id, Title: "Filter this answer", Rows: []inputRow{{
		Type: componentRow, Inputs: []input{{
			Type: componentInput, Style: inputShort, Label: "Text commands, as behind a pipe", CustomID: wordField,
			Placeholder: "grep ann | sort | head -3", Required: true, MaxLength: maxFilter,
		}}}}}})
}

// takeFilter runs a filter over an answer that is kept, not over what the command
// would answer by now. What comes of it is a message of its own; what is wrong
// with it is told the presser alone.
func (b *Bot) takeFilter(work context.Context, p *press, id string) {
	c, ok := b.confirmation(work, p, "")
	if !ok {
		return
	}
	kept := b.pages.find(id)
	if kept == nil {
		p.whisper(work, notKept)
		return
	}
	req := c.Request
	req.Text = typed(p.ModalSubmitData().Components)
	reply := faulty(p.ID)
	b.guardedAs("filter", func() { reply = b.options.Handler.Filter(work, req, kept.whole) }, func() {})
	if reply.Outcome != commands.OK {
		p.whisper(work, said(reply))
		return
	}
	if kept.missing > 0 {
		reply.Hints = append(reply.Hints, fmt.Sprintf("The answer was cut: its last %s were not filtered.", size(kept.missing)))
	}
	p.deferAnswer(work)
	b.send(work, occasion{id: p.ID, channel: p.ChannelID, message: p.Message.ID, caller: c.Caller}, reply)
}
