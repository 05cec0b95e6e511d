package commands

import (
	"slices"
)

// SlashVerb is a verb as something to be chosen and filled in instead of typed.
// It is data alone; SlashLine makes a line of what was filled in.
type SlashVerb struct {
	Name, Summary string
	Private       bool // what it answers is for who asks alone
	Reveals       bool // what is filled in is a message for Reveal
	Forms         []SlashForm
}

// SlashForm is one way to use a verb. One without a name is the verb's only one.
type SlashForm struct {
	Name, Summary string
	Options       []SlashOption // those that are required first

	bare bool // its name is no word of the line
}

// SlashOption is something to fill in. In the line the options stand in the order
// of their form.
type SlashOption struct {
	Name, Summary string
	Kind          SlashKind
	Required      bool
	Choices       []string // the only values; none: any
	Min, Max      int      // of a Number
	Completes     bool     // Suggest may have something to offer

	// Long says that an option which was left out is asked for in a large field.
	Long bool

	source source // of what completes it
	flag   string // the word before the value; of a Switch, the word that it is
	prefix string // what the value's word begins with
	joins  bool   // the value ends the word before, behind a "="
}

// SlashKind says what an option takes, and what of the line its value becomes.
type SlashKind int

// The kinds of option. What Word, Words, Number and Person take is data: it is
// never parsed.
const (
	Word   SlashKind = iota // one word, whatever it holds
	Words                   // a word for each of those between blanks
	Free                    // a part of the program, as if it were typed
	Number                  // a whole number
	Switch                  // true or false
	Person                  // a member's id
)

// SlashUse is what somebody chose and filled in.
type SlashUse struct {
	Verb, Form string
	Values     map[string]string // by option; a Switch's is "true" or "false"
}

// Wants answers the option that was left out and is asked for in a large field.
func (f SlashForm) Wants(u SlashUse) (o SlashOption, ok bool) {
	i := slices.IndexFunc(f.Options, func(o SlashOption) bool { return o.Long })
	if i < 0 || len(u.Values) > 0 {
		return o, false
	}
	return f.Options[i], true
}

// SlashVerbs answers all verbs, in the order of the help.
func (d *Dispatcher) SlashVerbs() []SlashVerb {
	list := make([]SlashVerb, len(d.verbs))
	for i, v := range d.verbs {
		list[i] = v.asSlash()
	}
	return list
}

// asSlash is a verb as it is filled in: as it says itself, or else with all that
// stands behind it in one option.
func (v verb) asSlash() SlashVerb {
	s := v.slash
	s.Name, s.Summary = v.name, v.summary
	if s.Forms == nil {
		s.Forms = []SlashForm{{Options: []SlashOption{{Name: "arguments", Summary: "what stands behind " + v.name, Kind: Free}}}}
	}
	s.Forms = slices.Clone(s.Forms) // the verb's own are read by others meanwhile
	for i, form := range s.Forms {
		s.Forms[i].Options = slices.Clone(form.Options)
		for j, o := range form.Options {
			s.Forms[i].Options[j].Completes = o.source != nil
		}
	}
	return s
}

// form finds a form by its name.
func (v SlashVerb) form(name string) (SlashForm, bool) {
	i := slices.IndexFunc(v.Forms, func(f SlashForm) bool { return f.Name == name })
	if i < 0 {
		return SlashForm{}, false
	}
	return v.Forms[i], true
}
