package discordtest

import (
	"strings"
	"time"
)

// Interaction is a person's use of a command or component, as that person sees
// what comes of it.
type Interaction struct {
	p *Person
	i *interaction
}

// ID answers the interaction's snowflake.
func (i *Interaction) ID() string { return i.i.id }

// Sees waits for an answer to the interaction, ephemeral ones included, that
// nobody has seen yet and that contains all the parts.
func (i *Interaction) Sees(parts ...string) *Message {
	d := i.p.g.d
	d.t.Helper()
	var found *Message
	ok := d.await(d.opts.patience, func() bool {
		for _, m := range i.i.messages {
			if m != i.i.message && !m.seen && !m.Loading && !m.Deleted && m.contains(parts) {
				m.seen = true
				found = m.snapshot()
				return true
			}
		}
		return false
	})
	if !ok {
		d.t.Fatalf("discordtest: the interaction was not answered with %q. Its answers:\n%s", parts, i.answers())
	}
	return found
}

// Acknowledged waits until the interaction is answered in any way, be it by a
// deferral, and answers the callback's type.
func (i *Interaction) Acknowledged() int {
	i.p.g.d.t.Helper()
	i.await("answer")
	i.p.g.d.mu.Lock()
	defer i.p.g.d.mu.Unlock()
	return i.i.callback
}

// Answers answers what has come of the interaction so far, oldest first; answered
// says whether it was answered in any way. It waits for nothing.
func (i *Interaction) Answers() (answered bool, messages []*Message) {
	d := i.p.g.d
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range i.i.messages {
		if m != i.i.message && !m.Loading && !m.Deleted {
			messages = append(messages, m.snapshot())
		}
	}
	return i.i.acknowledged, messages
}

// Form is a modal as the person sees it.
type Form struct {
	Title    string
	CustomID string
	Fields   []Field
}

// Field is a text input of a modal.
type Field struct {
	Label       string
	CustomID    string
	Placeholder string
	Value       string
	Required    bool
	MaxLength   int // 0: none
}

// Form waits for the modal that the interaction is answered with.
func (i *Interaction) Form() Form {
	d := i.p.g.d
	d.t.Helper()
	i.await("answer with a modal")
	d.mu.Lock()
	defer d.mu.Unlock()
	if i.i.modal == nil {
		d.t.Fatalf("discordtest: the interaction was answered, but not with a modal")
	}
	return i.i.form()
}

func (i *interaction) form() Form {
	f := Form{Title: text(i.modal["title"]), CustomID: text(i.modal["custom_id"])}
	walkComponents(objects(i.modal["components"]), func(c map[string]any) {
		if number(c["type"]) != componentTextInput {
			return
		}
		f.Fields = append(f.Fields, Field{
			Label: text(c["label"]), CustomID: text(c["custom_id"]), Placeholder: text(c["placeholder"]), Value: text(c["value"]),
			Required: c["required"] != false, MaxLength: number(c["max_length"]),
		})
	})
	return f
}

// Unanswered fails the test if the interaction is answered within the time.
func (i *Interaction) Unanswered(within time.Duration) {
	i.p.g.d.t.Helper()
	if i.p.g.d.await(within, func() bool { return i.i.acknowledged }) {
		i.p.g.d.t.Fatalf("discordtest: the interaction was answered:\n%s", i.answers())
	}
}

func (i *Interaction) await(what string) {
	i.p.g.d.t.Helper()
	if !i.p.g.d.await(i.p.g.d.opts.patience, func() bool { return i.i.acknowledged }) {
		i.p.g.d.t.Fatalf("discordtest: the bot did not %s: the person reads that the application did not respond", what)
	}
}

func (i *Interaction) answers() string {
	i.p.g.d.mu.Lock()
	defer i.p.g.d.mu.Unlock()
	var lines []string
	for _, m := range i.i.messages {
		lines = append(lines, m.String())
	}
	return strings.Join(lines, "\n")
}
