package commands

import (
	"context"
	"slices"
	"strings"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
	"github.com/helix-collective/helix/suggest"
)

func setupVerb() verb {
	v := verb{
		name:    "setup",
		summary: "what of Helix is configured and what is missing; the server's owner changes it",
		usage:   []string{""},
		details: "Without more it shows how things are, for everybody who may read. Changes are the\n" +
			"owner's alone, take effect at once and outlive a restart; config history lists them.\n" +
			"A role is one of permissions.roles, or oncall or support, which need no configuration.\n" +
			"What is given takes the place of what setup gave before; none takes it away.",
		examples: []string{"!setup", "!setup ops channel:1111111111", "!setup role oncall 2222222222 user:3333333333"},
		check:    checkSetup,
		run:      runSetup,
	}
	for _, f := range setupForms() {
		v.usage = append(v.usage, f.name+" "+f.behind)
	}
	return v
}

// setupForm is one thing that setup changes.
type setupForm struct {
	name   string
	behind string // what stands behind it

	// wish reads what is asked for. It is nil for what a form of config does.
	wish func(t *turn, args []string) (settings.Assignment, error)
}

func setupForms() []setupForm {
	return []setupForm{
		{"ops", "channel:ID|none", (*turn).wishOps},
		{"role", "NAME ID…|none", (*turn).wishRole},
		{"prefix", "PREFIX", (*turn).wishPrefix},
		{"profile", "production|development", nil},
	}
}

func setupFormNames() []string {
	var names []string
	for _, f := range setupForms() {
		names = append(names, f.name)
	}
	return names
}

// checkSetup lets everybody look who may read, and the owner alone change.
func checkSetup(_ context.Context, t *turn, args []shell.SourceArg) error {
	if len(args) == 0 {
		return t.mayRead("setup")
	}
	if err := t.Policy.CheckOwner(t.caller, "setup"); err != nil {
		return err
	}
	return t.Policy.Check(t.caller, permissions.Action{Right: permissions.Configure, Name: "setup"})
}

func runSetup(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	args := wholes(call.Args)
	if len(args) == 0 {
		t.offerSetup()
		_, err := call.Stdout.WriteString(t.setupText())
		return 0, err
	}
	i := slices.Index(setupFormNames(), strings.ToLower(args[0]))
	if i < 0 {
		return 0, t.unknownForm(setupVerb(), args[0], setupFormNames())
	}
	if t.late {
		return 0, &guard.Refused{Command: "setup " + args[0], NeedsPlan: true}
	}
	form := setupForms()[i]
	if form.wish == nil {
		profile, _ := findConfigForm(form.name)
		return 0, t.changeConfig(ctx, call, profile, args[1:])
	}
	wish, err := form.wish(t, args[1:])
	if err != nil {
		return 0, err
	}
	return 0, t.setUp(ctx, call, form, wish)
}

// setUp makes a change that is the owner's.
func (t *turn) setUp(ctx context.Context, call *shell.Call, form setupForm, wish settings.Assignment) error {
	if t.mode != Only {
		if err := t.recording.open(ctx); err != nil {
			return err
		}
	}
	before, name := t.snapshot(), "setup "+form.name
	result, err := t.Settings.SetUp(ctx, []settings.Assignment{wish}, t.who(name))
	return asUnchanged(t.report(ctx, call, name, before, result, err))
}

// nothing stands for no channel and for no roles.
const nothing = "none"

func (t *turn) wishOps(args []string) (settings.Assignment, error) {
	wish := settings.Assignment{Key: string(settings.DiscordOpsChannel)}
	if len(args) != 1 {
		return wish, t.misused(setupVerb(), "Which channel shall Helix speak up in by itself?")
	}
	if args[0] != nothing {
		wish.Value = strings.TrimPrefix(args[0], "channel:")
	}
	return wish, nil
}

func (t *turn) wishPrefix(args []string) (settings.Assignment, error) {
	wish := settings.Assignment{Key: string(settings.DiscordPrefix)}
	if len(args) != 1 {
		return wish, t.misused(setupVerb(), "What shall messages for Helix begin with?")
	}
	wish.Value = args[0]
	return wish, nil
}

// maxBindings bounds what discord.roles holds, which has to fit into one value.
const maxBindings = 50

// wishRole reads who shall have a role; what setup gave of other roles stays.
func (t *turn) wishRole(args []string) (settings.Assignment, error) {
	wish := settings.Assignment{Key: string(settings.DiscordRoles)}
	if len(args) < 2 {
		return wish, t.misused(setupVerb(), "Which role, and who shall have it?")
	}
	name := strings.ToLower(strings.TrimPrefix(args[0], "@"))
	if known := t.Policy.Bindable(); !slices.Contains(known, name) {
		near, ok := suggest.Nearest(name, known)
		if ok {
			return wish, t.misused(setupVerb(), "No role is called %s. Did you mean %s?", name, near)
		}
		return wish, t.misused(setupVerb(), "No role is called %s. There are %s.", name, strings.Join(known, ", "))
	}
	list := slices.DeleteFunc(t.snapshot().List(settings.DiscordRoles), func(b string) bool { return strings.HasPrefix(b, name+":") })
	given, err := t.bindings(name, args[1:])
	if list = append(list, given...); err == nil && len(list) > maxBindings {
		err = unable("More than %d roles and people are too many for `setup`: put them into permissions.roles.", maxBindings)
	}
	wish.Value = strings.Join(list, ",")
	return wish, err
}

// bindings reads ids of Discord roles, and people as user:ID.
func (t *turn) bindings(role string, ids []string) ([]string, error) {
	var list []string
	for _, id := range ids {
		id = strings.TrimPrefix(id, "role:")
		b, err := permissions.ParseBinding(role + ":" + id)
		switch {
		case id == nothing && len(ids) == 1:
			return nil, nil
		case err != nil:
			return nil, t.misused(setupVerb(), "`%s` is neither the id of a role nor user:ID. Copy ID in Discord gives ids, with its developer mode on.", id)
		case id == t.caller.Guild:
			return nil, unable("That is @everyone, the whole server. If it is meant, write it into permissions.roles.")
		case !slices.Contains(list, b.String()):
			list = append(list, b.String())
		}
	}
	return list, nil
}
