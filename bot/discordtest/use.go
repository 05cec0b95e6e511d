package discordtest

import (
	"strings"
	"unicode/utf8"
)

// Args are a slash command's options by name. Users, roles and channels are
// given by name.
type Args map[string]any

// Clicks presses a button, named by its label or custom id.
func (p *Person) Clicks(on *Message, button string) *Interaction {
	p.g.d.t.Helper()
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	m := p.visible(on)
	return p.clicks(m, &m.Message, button)
}

// ClicksAsSeen presses a button that stood on the message when the test looked
// at it, as somebody does whose press crosses a change of the message.
func (p *Person) ClicksAsSeen(on *Message, button string) *Interaction {
	p.g.d.t.Helper()
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	return p.clicks(p.visible(on), on, button)
}

func (p *Person) clicks(m *message, seen *Message, button string) *Interaction {
	p.g.d.t.Helper()
	c := seen.component(func(c object) bool {
		return number(c["type"]) == componentButton && (text(c["label"]) == button || text(c["custom_id"]) == button)
	})
	if c == nil || c["disabled"] == true || text(c["custom_id"]) == "" {
		p.g.d.t.Fatalf("discordtest: no button %q to click on: %s %+v", button, seen.String(), seen.Buttons())
	}
	return p.uses(m, object{"component_type": componentButton, "custom_id": c["custom_id"], "id": 1})
}

// Picks chooses values of a select menu, named by its custom id or placeholder.
// A string menu's values are options' values or labels; other menus' are ids.
func (p *Person) Picks(on *Message, menu string, values ...string) *Interaction {
	p.g.d.t.Helper()
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	m := p.visible(on)
	c := m.component(func(c object) bool {
		kind := number(c["type"])
		return kind >= componentStringSelect && kind <= componentSelectLast && kind != componentTextInput &&
			(text(c["custom_id"]) == menu || text(c["placeholder"]) == menu)
	})
	if c == nil || c["disabled"] == true {
		p.g.d.t.Fatalf("discordtest: no menu %q to pick from on: %s", menu, m.String())
	}
	chosen := list{}
	for _, v := range values {
		chosen = append(chosen, p.option(c, v))
	}
	return p.uses(m, object{"component_type": c["type"], "custom_id": c["custom_id"], "values": chosen, "id": 1})
}

// option finds the value of a menu's option.
func (p *Person) option(menu object, wanted string) string {
	p.g.d.t.Helper()
	if number(menu["type"]) != componentStringSelect {
		return wanted
	}
	for _, o := range objects(menu["options"]) {
		if text(o["value"]) == wanted || text(o["label"]) == wanted {
			return text(o["value"])
		}
	}
	p.g.d.t.Fatalf("discordtest: the menu has no option %q", wanted)
	return ""
}

// Slash uses a registered command; sub-commands follow its name: "config set".
func (p *Person) Slash(channel, command string, args Args) *Interaction {
	p.g.d.t.Helper()
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	ch := p.g.mustChannel(channel)
	if !p.g.d.mayIn(ch, p.m.user).has(ViewChannel | UseApplicationCommands) {
		p.g.d.t.Fatalf("discordtest: %s may not use commands in %s", p.m.user.name, ch.label())
	}
	data := p.invocation(command, args, "")
	return &Interaction{p, p.g.d.interact(interactionCommand, p.m.user, ch, nil, data)}
}

// Chooses uses a command from the menu of a message.
func (p *Person) Chooses(on *Message, command string) *Interaction {
	p.g.d.t.Helper()
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	m := p.visible(on)
	registered := p.g.registered(command)
	if registered == nil || number(registered["type"]) != commandMessage {
		p.g.d.t.Fatalf("discordtest: no command %q is in the menu of messages", command)
	}
	return &Interaction{p, p.g.d.interact(interactionCommand, p.m.user, m.channel, nil, object{
		"id": registered["id"], "name": registered["name"], "type": commandMessage, "target_id": m.ID,
		"resolved": object{"messages": object{m.ID: m.wire()}},
	})}
}

// Completes types into an option of a command and answers the suggestions'
// values. It waits for them.
func (p *Person) Completes(channel, command, option string, args Args) []string {
	p.g.d.t.Helper()
	i := p.completing(channel, command, option, args)
	i.await("suggest anything")
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	var values []string
	for _, c := range i.i.choices {
		values = append(values, text(c["value"]))
	}
	return values
}

func (p *Person) completing(channel, command, option string, args Args) *Interaction {
	p.g.d.t.Helper()
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	data := p.invocation(command, args, option)
	ch := p.g.mustChannel(channel)
	return &Interaction{p, p.g.d.interact(interactionAutocomplete, p.m.user, ch, nil, data)}
}

// Submits fills in the modal that the interaction was answered with, its inputs
// by custom id. It waits for the modal. What a person's own client would not let
// pass fails the test: a missing value that is required, or one too long.
func (p *Person) Submits(i *Interaction, values map[string]string) *Interaction {
	p.g.d.t.Helper()
	i.await("answer with a modal")
	p.g.d.mu.Lock()
	defer p.g.d.mu.Unlock()
	if i.i.modal == nil {
		p.g.d.t.Fatalf("discordtest: the interaction was answered, but not with a modal")
	}
	for _, f := range i.i.form().Fields {
		value, given := values[f.CustomID]
		if n := utf8.RuneCountInString(value); given && f.MaxLength > 0 && n > f.MaxLength || f.Required && value == "" && f.Value == "" {
			p.g.d.t.Fatalf("discordtest: the field %q does not take %q", f.Label, value)
		}
	}
	filled := list{}
	for _, c := range objects(i.i.modal["components"]) {
		filled = append(filled, fillIn(c, values))
	}
	data := object{"custom_id": i.i.modal["custom_id"], "components": filled}
	return &Interaction{p, p.g.d.interact(interactionModal, p.m.user, i.i.channel, i.i.message, data)}
}

// fillIn answers a modal's component as it is submitted.
func fillIn(c object, values map[string]string) object {
	o := object{"type": c["type"], "id": 1}
	if held := objects(c["components"]); held != nil {
		inner := list{}
		for _, h := range held {
			inner = append(inner, fillIn(h, values))
		}
		o["components"] = inner
	}
	if held := fields(c["component"]); held != nil {
		o["component"] = fillIn(held, values)
	}
	if id := text(c["custom_id"]); id != "" {
		o["custom_id"], o["value"] = id, values[id]
		if _, given := values[id]; !given {
			o["value"] = text(c["value"])
		}
	}
	return o
}

func (p *Person) uses(m *message, data object) *Interaction {
	return &Interaction{p, p.g.d.interact(interactionComponent, p.m.user, m.channel, m, data)}
}

// visible finds a message that the person can see.
func (p *Person) visible(seen *Message) *message {
	p.g.d.t.Helper()
	m := p.must(seen)
	if m.viewer != nil && m.viewer != p.m.user {
		p.g.d.t.Fatalf("discordtest: %s cannot see the message %s", p.m.user.name, seen)
	}
	if !p.g.d.mayIn(m.channel, p.m.user).has(ViewChannel) {
		p.g.d.t.Fatalf("discordtest: %s cannot look into %s", p.m.user.name, m.channel.label())
	}
	return m
}

// component finds the first component that fits.
func (m *Message) component(fits func(object) bool) object {
	var found object
	walkComponents(m.Components, func(c map[string]any) {
		if found == nil && fits(c) {
			found = c
		}
	})
	return found
}

// invocation is the data of a command's use, from its registration.
func (p *Person) invocation(line string, args Args, focused string) object {
	p.g.d.t.Helper()
	words := strings.Fields(line)
	command := p.g.registered(words[0])
	if command == nil {
		p.g.d.t.Fatalf("discordtest: no command /%s is registered", words[0])
	}
	u := usage{p: p, args: args, focused: focused, resolved: object{}}
	data := object{
		"id": command["id"], "name": command["name"], "type": command["type"],
		"options": u.options(command, words[1:]),
	}
	if len(u.resolved) > 0 {
		data["resolved"] = u.resolved
	}
	return data
}

func (g *Guild) registered(name string) object {
	for _, scope := range []string{g.ID, ""} {
		for _, command := range g.d.commands[scope] {
			if text(command["name"]) == name {
				return command
			}
		}
	}
	return nil
}

// Discord's option types that need a second look.
const (
	optionSubcommand      = 1
	optionSubcommandGroup = 2
	optionUser            = 6
	optionChannel         = 7
	optionRole            = 8
)

// usage builds the options of one use of a command.
type usage struct {
	p        *Person
	args     Args
	focused  string
	resolved object
}

func (u *usage) options(definition object, sub []string) list {
	u.p.g.d.t.Helper()
	built := list{}
	used := 0
	for _, o := range objects(definition["options"]) {
		kind, name := number(o["type"]), text(o["name"])
		if kind == optionSubcommand || kind == optionSubcommandGroup {
			if len(sub) > 0 && name == sub[0] {
				return list{object{"type": kind, "name": name, "options": u.options(o, sub[1:])}}
			}
			continue
		}
		value, given := u.args[name]
		switch {
		case given:
			used++
			built = append(built, u.argument(kind, name, value))
		case o["required"] == true && u.focused == "":
			u.p.g.d.t.Fatalf("discordtest: option %q is required", name)
		}
	}
	if len(sub) > 0 || used != len(u.args) {
		u.p.g.d.t.Fatalf("discordtest: the command takes no %q with %v", sub, u.args)
	}
	return built
}

func (u *usage) argument(kind int, name string, value any) object {
	u.p.g.d.t.Helper()
	o := object{"type": kind, "name": name, "value": u.resolve(kind, value)}
	if name == u.focused {
		o["focused"] = true
	}
	return o
}

// resolve turns a name into an id and says whose it is.
func (u *usage) resolve(kind int, value any) any {
	u.p.g.d.t.Helper()
	name, _ := value.(string)
	g := u.p.g
	switch kind {
	case optionUser:
		m := g.mustMember(name)
		u.describe("users", m.user.id, m.user.wire())
		u.describe("members", m.user.id, m.wirePartial())
		return m.user.id
	case optionChannel:
		c := g.mustChannel(name)
		u.describe("channels", c.id, with(c.wire(), "permissions", g.permissionsIn(c, u.p.m).String()))
		return c.id
	case optionRole:
		r := g.mustRole(name)
		u.describe("roles", r.id, r.wire())
		return r.id
	}
	return value
}

func (u *usage) describe(kind, id string, what object) {
	if u.resolved[kind] == nil {
		u.resolved[kind] = object{}
	}
	fields(u.resolved[kind])[id] = what
}
