package bot

import (
	"cmp"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/helix-collective/helix/commands"
)

// slashCommand is a command as Discord is told of it, and as it tells of it. Of
// what it adds only that is read which is also sent.
type slashCommand struct {
	Type        int           `json:"type"`
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	Options     []slashOption `json:"options,omitempty"`
	Contexts    []int         `json:"contexts,omitempty"` // of a global command alone
}

type slashOption struct {
	Type         int           `json:"type"`
	Name         string        `json:"name"`
	Description  string        `json:"description"`
	Required     bool          `json:"required,omitempty"`
	Choices      []slashChoice `json:"choices,omitempty"`
	Autocomplete bool          `json:"autocomplete,omitempty"`
	MinValue     *int          `json:"min_value,omitempty"`
	MaxValue     *int          `json:"max_value,omitempty"`
	MaxLength    *int          `json:"max_length,omitempty"`
	Options      []slashOption `json:"options,omitempty"`
}

type slashChoice struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Discord's numbers for these.
const (
	commandSlash   = 1
	commandMessage = 3 // in the menu of a message

	optionForm    = 1
	optionText    = 3
	optionNumber  = 4
	optionSwitch  = 5
	optionPerson  = 6
	contextServer = 0
)

// What Discord has room for.
const (
	maxDescription = 100
	maxOptionText  = 6000
	maxLongText    = 4000
)

// slashCommands is what Discord is to be told: the verbs, and what the menu of a
// message has.
func slashCommands(verbs []commands.SlashVerb) []slashCommand {
	var list []slashCommand
	for _, v := range verbs {
		list = append(list, slashCommand{
			Type: commandSlash, Name: v.Name, Description: clip(v.Summary, maxDescription), Options: slashForms(v.Forms),
		})
	}
	for _, name := range []string{menuRun, menuExplain} {
		list = append(list, slashCommand{Type: commandMessage, Name: name})
	}
	return list
}

func slashForms(forms []commands.SlashForm) []slashOption {
	if len(forms) == 1 && forms[0].Name == "" {
		return slashOptions(forms[0].Options)
	}
	var list []slashOption
	for _, f := range forms {
		list = append(list, slashOption{
			Type: optionForm, Name: f.Name, Description: clip(f.Summary, maxDescription), Options: slashOptions(f.Options),
		})
	}
	return list
}

func slashOptions(options []commands.SlashOption) []slashOption {
	var list []slashOption
	for _, o := range options {
		list = append(list, slashOptionOf(o))
	}
	return list
}

func slashOptionOf(o commands.SlashOption) slashOption {
	made := slashOption{
		Type: optionText, Name: o.Name, Description: clip(o.Summary, maxDescription), Required: o.Required, Autocomplete: o.Completes,
	}
	switch o.Kind {
	case commands.Number:
		made.Type, made.MinValue, made.MaxValue = optionNumber, given(o.Min), given(o.Max)
	case commands.Switch:
		made.Type = optionSwitch
	case commands.Person:
		made.Type = optionPerson
	default:
		made.MaxLength = given(maxOptionText)
	}
	for _, c := range o.Choices {
		made.Choices = append(made.Choices, slashChoice{c, c})
		made.MaxLength = nil
	}
	return made
}

// given is a bound; 0 is none.
func given(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

// sameCommands reports whether Discord knows exactly the wanted commands, in
// whatever order and words.
func sameCommands(known, wanted []slashCommand) bool {
	return reflect.DeepEqual(normal(known), normal(wanted))
}

// normal is commands as they would be read back.
func normal(list []slashCommand) []slashCommand {
	data, err := json.Marshal(list)
	var read []slashCommand
	if err != nil || json.Unmarshal(data, &read) != nil {
		return nil
	}
	slices.SortFunc(read, func(a, b slashCommand) int {
		return cmp.Or(cmp.Compare(a.Type, b.Type), cmp.Compare(a.Name, b.Name))
	})
	return read
}
