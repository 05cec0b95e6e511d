package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/helix-collective/helix/aliases"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
)

func whyVerb() verb {
	return verb{
		name:    "why",
		summary: "which rule allows or denies a command, to you or to somebody else",
		usage:   []string{"COMMAND", "@MEMBER COMMAND", "role:NAME COMMAND"},
		details: "With role:NAME it tells what somebody with just that role may do. Nothing is run.",
		examples: []string{
			"!why redis keys session:*",
			"!why config set redis.session_ttl=3600",
		},
		reads: always,
		slash: SlashVerb{Private: true, Forms: []SlashForm{{Options: []SlashOption{
			{Name: "member", Summary: "to whom; left out, to you", Kind: Person, prefix: "user:"},
			{Name: "role", Summary: "to somebody with just this role of the configuration", prefix: "role:", source: roleSource},
			{Name: "command", Summary: "the command; left out, everything that they may", Kind: Words, source: wordSource},
		}}}},
		run: runWhy,
	}
}

func runWhy(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	args := wholes(call.Args)
	if len(args) == 0 {
		return 0, t.misused(whyVerb(), "Which command?")
	}
	who, name, args, err := t.subject(ctx, args)
	if err != nil {
		return 0, err
	}
	if len(args) == 0 {
		_, err := call.Stdout.WriteString(t.rightsOf(who, name))
		return 0, err
	}
	actions, err := t.actions(ctx, args)
	if err != nil {
		return 0, err
	}
	for _, a := range actions {
		if _, err := fmt.Fprintf(call.Stdout, "%s, %s\n%s\n", name, a.Name, t.Policy.Explain(who, a)); err != nil {
			return 0, err
		}
	}
	if note := t.onChanges(actions); note != "" {
		_, err = fmt.Fprintln(call.Stdout, note)
	}
	return 0, err
}

// onChanges says what follows once a command that changes something is allowed.
func (t *turn) onChanges(actions []permissions.Action) string {
	rights := make([]permissions.Right, len(actions))
	for i, a := range actions {
		rights[i] = a.Right
	}
	switch {
	case len(actions) == 1 && (actions[0].Name == "sessions end" || actions[0].Name == "sessions cleanup"):
		return "A plan shows what it does before it happens. Ending a session is final: nothing brings it back."
	case len(actions) == 1 && actions[0].Name == "setup" && actions[0].Right == permissions.Configure:
		return "Only the owner of the server may, whatever right others hold."
	case len(actions) == 1 && actions[0].Name == "undo":
		return "It also needs the rights that the change took."
	case changes(rights):
		return fmt.Sprintf("A plan shows what it does before it happens, unless it writes to one small key; `%sundo` takes it back.", t.prefix())
	}
	return ""
}

// subject answers whose rights are asked about: a member by mention, a role,
// or else the caller.
func (t *turn) subject(ctx context.Context, args []string) (m permissions.Member, name string, rest []string, err error) {
	if role, ok := strings.CutPrefix(args[0], "role:"); ok {
		if err := t.Policy.CheckRoles(role); err != nil {
			return m, "", nil, &usageError{reason: sentence(err.Error())}
		}
		return permissions.Member{Local: true, LocalRoles: []string{role}}, "@" + role, args[1:], nil
	}
	id, ok := strings.CutPrefix(args[0], "user:")
	if !ok {
		return t.caller, "you", args, nil
	}
	if t.member == nil {
		return m, "", nil, &usageError{reason: "Other members can only be asked about in Discord. `role:NAME` works everywhere."}
	}
	if m, err = t.member(ctx, id); err != nil {
		return m, "", nil, &usageError{reason: fmt.Sprintf("The roles of that member could not be read: %v.", err)}
	}
	return m, m.Name, args[1:], nil
}

// rightsOf lists what a member holds.
func (t *turn) rightsOf(m permissions.Member, name string) string {
	holdings := t.Policy.Rights(m)
	if len(holdings) == 0 {
		return name + ": no rights\n"
	}
	var b strings.Builder
	for _, h := range holdings {
		fmt.Fprintf(&b, "%s: %s\n", name, h)
	}
	return b.String()
}

// actions answers what a command would do, as the policy is asked about it.
func (t *turn) actions(ctx context.Context, args []string) ([]permissions.Action, error) {
	v, ok := t.verb(strings.TrimPrefix(args[0], t.prefix()))
	switch {
	case !ok && t.isAction(strings.TrimPrefix(args[0], t.prefix())):
		return []permissions.Action{{Right: permissions.Admin, Name: strings.TrimPrefix(strings.Join(args, " "), t.prefix())}}, nil
	case !ok:
		return t.aliasedActions(ctx, args)
	case v.name == "redis":
		return t.redisActions(ctx, withoutRedis(args[1:], func(s string) string { return s }))
	case v.name == "config" && len(args) > 1:
		return configActions(args[1:]), nil
	case v.name == "setup" && len(args) > 1:
		return []permissions.Action{{Right: permissions.Configure, Name: v.name}}, nil
	case v.name == "alias":
		return aliasActions(args[1:]), nil
	case v.name == "sessions" && len(args) > 1:
		return sessionsActions(args[1:]), nil
	}
	right := permissions.Read
	switch v.name {
	case "approve":
		right = permissions.Approve
	case "audit":
		right = permissions.Audit
	}
	return []permissions.Action{{Right: right, Name: v.name}}, nil
}

// aliasedActions answers what the calls of an alias would do.
func (t *turn) aliasedActions(ctx context.Context, args []string) ([]permissions.Action, error) {
	source := strings.TrimPrefix(args[0], t.prefix())
	if !aliases.IsName(strings.ToLower(source)) {
		return nil, t.unknown(ctx, args[0])
	}
	for _, arg := range args[1:] {
		source += " " + quoteWord(arg)
	}
	program, err := t.parse(ctx, source)
	if err != nil {
		return nil, err
	}
	var actions []permissions.Action
	for _, call := range program.Calls() {
		if t.isStrange(call) {
			return nil, t.unknown(ctx, call.Name)
		}
		if _, text := t.filters[call.Name]; call.Own || text {
			continue
		}
		words := []string{call.Name}
		for _, arg := range call.Args {
			words = append(words, arg.Text)
		}
		made, err := t.actions(ctx, words)
		if err != nil {
			return nil, err
		}
		actions = append(actions, made...)
	}
	return actions, nil
}

func (t *turn) redisActions(ctx context.Context, args []string) ([]permissions.Action, error) {
	d, err := t.guard.Describe(ctx, args)
	if err != nil {
		return nil, err
	}
	if d.Refusal != "" && len(d.Rights) == 0 {
		return nil, &usageError{reason: d.Refusal}
	}
	var actions []permissions.Action
	for _, right := range d.Rights {
		actions = append(actions, permissions.Action{Right: right, Name: d.Name, Keys: d.Keys})
	}
	return actions, nil
}

func configActions(args []string) []permissions.Action {
	form, ok := findConfigForm(args[0])
	if !ok || !form.changes {
		return []permissions.Action{{Right: permissions.Read, Name: "config"}}
	}
	name := "config " + form.name
	var actions []permissions.Action
	for _, key := range configKeys(form, args[1:]) {
		actions = append(actions, permissions.Action{Right: permissions.Configure, Name: name, Setting: key})
	}
	if len(actions) == 0 {
		actions = append(actions, permissions.Action{Right: permissions.Configure, Name: name})
	}
	return actions
}

// configKeys answers the settings that a change names itself. A rollback and an
// import name none: what they touch is known when they run.
func configKeys(form configForm, args []string) []string {
	var keys []string
	switch form.name {
	case "set":
		wishes, _ := settings.ParseAssignments(args) // a slip names none
		for _, w := range wishes {
			keys = append(keys, w.Key)
		}
	case "unset":
		for _, a := range args {
			keys = append(keys, strings.ToLower(a))
		}
	case "profile":
		for _, s := range settings.Table() {
			if s.Profiled() {
				keys = append(keys, s.Key)
			}
		}
	}
	return keys
}
