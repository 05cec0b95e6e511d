package bot

import (
	"context"
	"strconv"
	"strings"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/commands"
)

// used answers what somebody chose and filled in, and the option that they are at,
// if they are still filling in.
func used(data discordgo.ApplicationCommandInteractionData) (use commands.SlashUse, focused string) {
	use = commands.SlashUse{Verb: data.Name, Values: make(map[string]string)}
	options := data.Options
	if len(options) == 1 && options[0] != nil && options[0].Type == discordgo.ApplicationCommandOptionSubCommand {
		use.Form, options = options[0].Name, options[0].Options
	}
	for _, o := range options {
		if o == nil {
			continue
		}
		use.Values[o.Name] = valueText(o.Value)
		if o.Focused {
			focused = o.Name
		}
	}
	return use, focused
}

// valueText is an option's value as a text. JSON has no whole numbers.
func valueText(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return ""
}

// takeCommand has a slash command run, or asks in a large field for what was left
// out of it.
func (b *Bot) takeCommand(work context.Context, p *press) {
	use, _ := used(p.ApplicationCommandData())
	v, form, ok := b.slashVerb(use)
	if o, wants := form.Wants(use); ok && wants {
		p.first(work, callback{Type: callbackForm, Data: longForm(use, o)})
		return
	}
	b.runUse(work, p, v, use)
}

// maxFieldHint is how long what stands in an empty field may be.
const maxFieldHint = 100

// longPrefix begins the custom id of a form with a large field; the verb, its form
// and the option follow.
const longPrefix = "long:"

func longForm(use commands.SlashUse, o commands.SlashOption) form {
	return form{
		CustomID: longPrefix + strings.Join([]string{use.Verb, use.Form, o.Name}, ":"),
		Title:    clip("/"+strings.TrimSpace(use.Verb+" "+use.Form), maxLabel),
		Rows: []inputRow{{Type: componentRow, Inputs: []input{{
			Type: componentInput, Style: inputLong, Label: clip(o.Name, maxLabel), CustomID: wordField,
			Placeholder: clip(o.Summary, maxFieldHint), Required: true, MaxLength: maxLongText,
		}}}},
	}
}

// takeLong has a slash command run whose large field was filled in.
func (b *Bot) takeLong(work context.Context, p *press, rest string) {
	parts := strings.SplitN(rest, ":", 3)
	if len(parts) < 3 {
		return // not a form of ours
	}
	use := commands.SlashUse{Verb: parts[0], Form: parts[1], Values: map[string]string{
		parts[2]: typed(p.ModalSubmitData().Components),
	}}
	v, _, _ := b.slashVerb(use)
	b.runUse(work, p, v, use)
}

// runUse runs the line that somebody chose and filled in.
func (b *Bot) runUse(work context.Context, p *press, v commands.SlashVerb, use commands.SlashUse) {
	line, err := b.options.Slash.SlashLine(use)
	if err != nil {
		p.whisper(work, clip(harmless(visible(err.Error())), maxContent))
		return
	}
	p.only(v.Private)
	req := commands.Request{Text: line}
	if v.Reveals && len(use.Values) > 0 {
		if _, _, reply, ok := b.follow(work, p, req, b.options.Handler.Reveal); ok {
			b.tellRevealed(work, p, reply)
		}
		return
	}
	b.run(work, p, req)
}

// run has a request of whoever used a command handled.
func (b *Bot) run(work context.Context, p *press, req commands.Request) {
	if o, shown, reply, ok := b.follow(work, p, req, b.options.Handler.Handle); ok {
		b.present(work, o, shown, reply)
	}
}

// follow completes a request of whoever used a command and has it handled. It
// answers what it is an answer to, and the message that shows how far it was. ok is
// false where it is not known who they are, and they have been told.
func (b *Bot) follow(work context.Context, p *press, req commands.Request, handle func(context.Context, commands.Request) commands.Reply) (o occasion, shown string, reply commands.Reply, ok bool) {
	member, err := b.member(work, p.session, seat{p.GuildID, p.ChannelID}, p.Member.User, p.Member)
	if err != nil {
		b.log.Error("who used a command could not be read", zap.String("interaction", p.ID), zap.Error(err))
		p.whisper(work, "Your roles could not be read from Discord, so nothing was run. Try again in a moment.")
		return o, "", reply, false
	}
	o = occasion{id: p.ID, channel: p.ChannelID, caller: member, press: p}
	b.lines.set(p.ID, req.Text)
	req.Unclaimed = p.unclaimed
	req.ID, req.Caller, req.Mentioned, req.Redact = p.ID, member, true, b.options.Redact
	req.Progress, req.Member = &commands.Progress{}, b.memberFinder(p.session, member)
	running := b.begin(work, o, "", req.Progress)
	reply, shown = running.follow(func(ctx context.Context) (reply commands.Reply) {
		b.guardedAs("request", func() { reply = handle(ctx, req) }, func() { reply = faulty(req.ID) })
		return reply
	})
	return o, shown, reply, true
}
