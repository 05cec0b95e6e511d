package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
)

func configVerb() verb {
	return verb{
		name:    "config",
		summary: "read and change settings, live",
		usage:   configUsage(),
		details: "Durations are written 86400, 24h or 1d; sizes 2gb; switches true or false.\n" +
			"Several settings change together or not at all. import reads a fenced block:\n" +
			"what export wrote, or lines like redis.session_ttl=3600  # 1 hour.",
		examples: []string{
			"!config list redis.session",
			"!config set redis.session_ttl=86400 redis.session_cleanup=true",
			"!config history redis.session_ttl",
			"!config diff",
			"!config help redis.session_ttl",
		},
		slash: SlashVerb{Forms: configSlash()},
		check: checkConfig,
		reads: configReads,
		run:   runConfig,
	}
}

// configForm is one sub-command of config.
type configForm struct {
	name    string
	behind  string // what may stand behind it
	summary string
	slash   []SlashOption
	changes bool // needs configure, not read alone
	run     func(ctx context.Context, t *turn, call *shell.Call, args []string) error
}

func configForms() []configForm {
	keys := SlashOption{Name: "keys", Summary: "settings, with blanks between", Kind: Words, Required: true, source: settingSource}
	return []configForm{
		{name: "get", behind: "KEY…", summary: "what settings are", slash: []SlashOption{keys}, run: configGet},
		{name: "list", behind: "[PREFIX…]", summary: "all settings, or those of a part", slash: []SlashOption{
			{Name: "prefix", Summary: "what their names begin with, as in redis.session", Kind: Words, source: settingSource},
		}, run: configList},
		{name: "set", behind: "KEY=VALUE…", summary: "change settings, live", slash: []SlashOption{
			{Name: "key", Summary: "the setting", Required: true, source: settingSource},
			{Name: "value", Summary: "its new value, as in 86400, 24h, true", Required: true, joins: true, source: valueSource},
			{Name: "more", Summary: "further KEY=VALUE that change together with it", Kind: Words, source: assignmentSource},
		}, changes: true, run: configSet},
		{name: "unset", behind: "KEY…", summary: "go by the configuration again", slash: []SlashOption{keys}, changes: true, run: configUnset},
		{name: "history", behind: "[KEY] [-n N]", summary: "who changed what, and when", slash: []SlashOption{
			{Name: "key", Summary: "of one setting alone", source: settingSource},
			{Name: "n", Summary: "how many changes", Kind: Number, Min: 1, flag: "-n"},
		}, run: configHistory},
		{name: "diff", behind: "[REVISION REVISION]", summary: "what differs from the configuration, or between two revisions", slash: []SlashOption{
			{Name: "from", Summary: "a revision, as history names it"},
			{Name: "to", Summary: "another"},
		}, run: configDiff},
		{name: "rollback", behind: "REVISION", summary: "go back to a revision", slash: []SlashOption{
			{Name: "revision", Summary: "as history names it", Required: true},
		}, changes: true, run: configRollback},
		{name: "profile", behind: "production|development", summary: "set all that belongs to a profile", slash: []SlashOption{
			{Name: "name", Summary: "which", Required: true, Choices: []string{settings.Production, settings.Development}},
		}, changes: true, run: configProfile},
		{name: "export", summary: "all that differs, to be imported elsewhere", run: configExport},
		{name: "import", summary: "change settings as a text says", slash: []SlashOption{
			{Name: "text", Summary: "lines as export writes them; left out, a large field asks for them", Long: true},
		}, changes: true, run: configImport},
		{name: "help", behind: "KEY", summary: "what a setting means", slash: []SlashOption{
			{Name: "key", Summary: "the setting", Required: true, source: settingSource},
		}, run: configHelp},
	}
}

// configSlash is the forms as they are filled in.
func configSlash() []SlashForm {
	var list []SlashForm
	for _, f := range configForms() {
		list = append(list, SlashForm{Name: f.name, Summary: f.summary, Options: f.slash})
	}
	return list
}

func configFormNames() []string {
	var names []string
	for _, f := range configForms() {
		names = append(names, f.name)
	}
	return names
}

func (f configForm) usage() string { return strings.TrimSpace(f.name + " " + f.behind) }

func configUsage() []string {
	var lines []string
	for _, f := range configForms() {
		lines = append(lines, f.usage())
	}
	return lines
}

// misusedForm words what is wrong with one form's arguments; the other forms
// are no help with it.
func (t *turn) misusedForm(name, format string, args ...any) error {
	form, _ := findConfigForm(name)
	return &usageError{verb: "config", reason: fmt.Sprintf(format, args...), usage: []string{form.usage()}, prefix: t.prefix()}
}

func findConfigForm(name string) (configForm, bool) {
	for _, f := range configForms() {
		if f.name == strings.ToLower(name) {
			return f, true
		}
	}
	return configForm{}, false
}

func runConfig(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	if len(call.Args) == 0 {
		return 0, t.misused(configVerb(), "What shall be done with the settings?")
	}
	form, ok := findConfigForm(call.Args[0].Text)
	if !ok {
		return 0, t.unknownConfigForm(call.Args[0].Text)
	}
	if len(call.Args) == 2 && call.Args[1].Text == "--help" {
		_, err := call.Stdout.WriteString(t.verbHelp(configVerb()))
		return 0, err
	}
	if form.changes && t.late {
		return 0, &guard.Refused{Command: "config " + form.name, NeedsPlan: true}
	}
	args := make([]string, len(call.Args)-1)
	for i, a := range call.Args[1:] {
		args[i] = a.Text
	}
	if !form.changes {
		return 0, form.run(ctx, t, call, args)
	}
	return 0, t.changeConfig(ctx, call, form, args)
}

// changeConfig changes settings, once that is confirmed where it ends sessions.
func (t *turn) changeConfig(ctx context.Context, call *shell.Call, form configForm, args []string) error {
	args, err := importText(form, call, args)
	if err != nil {
		return err
	}
	if t.mode != Direct {
		if planned, err := t.planConfig(ctx, call, form, args); planned || err != nil {
			return asUnchanged(err)
		}
	}
	if t.mode != Only {
		if err := t.recording.open(ctx); err != nil {
			return err
		}
	}
	return asUnchanged(form.run(ctx, t, call, args))
}

// unknownConfigForm words a form that there is not, or that was left out.
func (t *turn) unknownConfigForm(word string) error {
	key, _, assigns := strings.Cut(word, "=")
	if _, err := settings.Lookup(key); err != nil {
		return t.unknownForm(configVerb(), word, configFormNames())
	}
	form := "get"
	if assigns {
		form = "set"
	}
	return &usageError{reason: fmt.Sprintf("`config %s` does not say what to do. Did you mean `%sconfig %s %s`?", word, t.prefix(), form, word)}
}

// unchangedError is why a change of settings did not come about.
type unchangedError struct{ reason error }

func (e *unchangedError) Error() string { return e.reason.Error() }

func asUnchanged(err error) error {
	if err == nil {
		return nil
	}
	return &unchangedError{err}
}

func (e *unchangedError) Unwrap() error { return e.reason }

// configReads reports whether a call only reads.
func configReads(_ context.Context, _ *turn, args []shell.SourceArg) bool {
	if len(args) == 0 || !args[0].Literal {
		return false
	}
	form, ok := findConfigForm(args[0].Text)
	return ok && !form.changes
}

// checkConfig refuses what the caller may not, as far as literal words tell.
func checkConfig(_ context.Context, t *turn, args []shell.SourceArg) error {
	if len(args) == 0 || !args[0].Literal {
		return t.mayRead("config")
	}
	form, ok := findConfigForm(args[0].Text)
	name := "config " + strings.ToLower(args[0].Text)
	if !ok || !form.changes {
		return t.mayRead("config")
	}
	if !t.Policy.Holds(t.caller, permissions.Configure) {
		return t.mayConfigure(name, "")
	}
	if form.name != "set" && form.name != "unset" {
		return nil
	}
	for _, a := range args[1:] {
		key, _, _ := strings.Cut(a.Text, "=")
		if _, err := settings.Lookup(key); err != nil || !a.Literal {
			continue // no setting: said when it is its turn
		}
		if err := t.mayConfigure(name, key); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) mayConfigure(name, key string) error {
	return t.Policy.Check(t.caller, permissions.Action{Right: permissions.Configure, Name: name, Setting: strings.ToLower(key)})
}

// who is the caller as the settings record them, with their rights to what a
// command changes. What is the owner's to set up, nobody else changes in any way.
func (t *turn) who(name string) settings.Who {
	id := t.caller.ID
	if t.caller.Local {
		id = "local"
	}
	return settings.Who{ID: id, Name: t.caller.Name, Only: t.mode == Only || t.trial != nil, May: func(key string) error {
		if s, err := settings.Lookup(key); err == nil && s.Setup {
			return errors.Join(t.Policy.CheckOwner(t.caller, name+" "+s.Key), t.mayConfigure(name, key))
		}
		return t.mayConfigure(name, key)
	}}
}
