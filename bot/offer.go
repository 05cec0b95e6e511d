package bot

import (
	"context"
	"fmt"
	"strings"

	"github.com/bwmarrin/discordgo"

	"github.com/helix-collective/helix/commands"
)

// What the custom ids of offers begin with; the line that they stand for follows,
// so that they work for as long as their message stands.
const (
	sayPrefix = "say:" // says the line
	tryPrefix = "try:" // says it, with all that it changes planned first
	askPrefix = "ask:" // asks for words first
)

// offered are the buttons and menus for what a reply proposes, the buttons first.
// One whose line is too long for Discord to carry is left out, and so is one that
// is there already.
func offered(reply commands.Reply) []row {
	buttons, menus := row{Type: componentRow}, []row(nil)
	seen := make(map[string]bool)
	for _, o := range reply.Offers {
		id := sayPrefix + o.Line
		if o.Plans {
			id = tryPrefix + o.Line
		}
		if o.Wants == commands.WantsWords {
			id = askPrefix + o.Line
		}
		if width(id) > maxCustomID || seen[id] {
			continue
		}
		seen[id] = true
		if kind, ok := menuKinds[o.Wants]; ok {
			menus = append(menus, row{Type: componentRow, Menu: menuFor(kind, id, o.Label)})
			continue
		}
		buttons.Buttons = append(buttons.Buttons, button{
			Type: componentButton, Style: styleSecondary, Label: clip(o.Label, maxButtonLabel), CustomID: id,
		})
	}
	if len(buttons.Buttons) == 0 {
		return menus
	}
	return append([]row{buttons}, menus...)
}

const (
	maxButtonLabel = 80
	maxPlaceholder = 150
	maxPickedRoles = 10
)

// menuKinds are Discord's menus for what an offer wants to know.
var menuKinds = map[commands.Wants]int{
	commands.WantsChannel: componentChannels,
	commands.WantsRoles:   componentRoles,
}

func menuFor(kind int, id, label string) *menu {
	m := &menu{Type: kind, CustomID: id, Placeholder: clip(label, maxPlaceholder), MinValues: 1, MaxValues: 1}
	if kind == componentRoles {
		m.MaxValues = maxPickedRoles
		return m
	}
	m.ChannelTypes = []int{int(discordgo.ChannelTypeGuildText)}
	return m
}

// sayOffer says the line of a button or a menu.
func (b *Bot) sayOffer(work context.Context, p *press, line string) {
	data := p.MessageComponentData()
	picked := strings.Join(data.Values, " ")
	switch data.ComponentType {
	case discordgo.ChannelSelectMenuComponent:
		line = strings.ReplaceAll(line, "{}", "channel:"+picked)
	case discordgo.RoleSelectMenuComponent:
		line = strings.ReplaceAll(line, "{}", picked)
	}
	b.say(work, p, line, false)
}

// tryOffer says the line of a button, with all that it changes planned first.
func (b *Bot) tryOffer(work context.Context, p *press, line string) { b.say(work, p, line, true) }

// askForOffer opens the form for the words that a line wants.
func (b *Bot) askForOffer(ctx context.Context, p *press, line string) {
	b.noteClick(p, "form of "+line)
	p.first(ctx, callback{Type: callbackForm, Data: form{
		CustomID: askPrefix + line, Title: "Helix", Rows: []inputRow{{Type: componentRow, Inputs: []input{{
			Type: componentInput, Style: inputShort, Label: clip(line, maxLabel), CustomID: wordField, Required: true, MaxLength: maxTyped,
		}}}},
	}})
}

// takeOffer says a line with the words that were typed.
func (b *Bot) takeOffer(work context.Context, p *press, line string) {
	words := "'" + strings.ReplaceAll(typed(p.ModalSubmitData().Components), "'", `'\''`) + "'"
	b.say(work, p, strings.ReplaceAll(line, "{}", words), false)
}

// say has the presser say a line, which is answered in a message of its own. With
// planned nothing that it changes is made at once.
func (b *Bot) say(work context.Context, p *press, line string, planned bool) {
	b.noteClick(p, "say "+line)
	c, ok := b.confirmation(work, p, "")
	if !ok {
		return
	}
	req := c.Request
	req.Text, req.Progress, req.AlwaysPlan = line, &commands.Progress{}, planned
	o := occasion{id: p.ID, channel: p.ChannelID, caller: req.Caller}
	p.deferAnswer(work)
	running := b.begin(work, o, "", req.Progress)
	p.goesOn = true
	b.queues.onwards(func() {
		defer b.finishedPress(work, p)
		b.guarded("offer", func() { b.answerOffer(work, running, req) })
	})
}

func (b *Bot) answerOffer(work context.Context, running *program, req commands.Request) {
	reply, shown := running.follow(func(ctx context.Context) commands.Reply { return b.ask(ctx, req) })
	said := fmt.Sprintf("%s: %s", req.Caller.Name, req.Text)
	reply.Hints = append([]string{said}, reply.Hints...)
	b.present(work, running.occasion, shown, reply)
}
