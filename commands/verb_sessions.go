package commands

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
)

func sessionsVerb() verb {
	return verb{
		name:    "sessions",
		aliases: []string{"session"},
		summary: "the sessions: how many, whose, how old; end them, clean up",
		usage:   sessionsUsage(),
		details: "A session is named by its key, its id, or what its id begins with. Each line of list is one key to\n" +
			"xargs: `sessions list --no-ttl | xargs redis ttl`. A person whose right to read is narrowed sees the\n" +
			"sessions of their part alone. Ending a session is final: nothing brings it back.\n" +
			"`end --user U --extra` ends those of a person beyond redis.max_sessions_per_user, the ones not used\n" +
			"for longest.\n" +
			"cleanup does at once what runs every redis.session_cleanup_interval; sessions of other software it\n" +
			"leaves alone until somebody has confirmed `cleanup --foreign`, and again after `cleanup --own`.",
		examples: []string{
			"!sessions",
			"!sessions count",
			"!sessions list --older 1h | wc -l",
			"!sessions top users 5",
			"!sessions who 203.0.113.7",
			"!sessions cleanup --plan",
		},
		slash:   SlashVerb{Forms: sessionsSlash()},
		check:   checkSessions,
		reads:   sessionsReads,
		run:     runSessions,
		changes: func(args []shell.SourceArg) bool { return changesByGuard(args) },
	}
}

// sessionsForm is one sub-command of sessions.
type sessionsForm struct {
	name   string
	behind string            // what may stand behind it
	brief  string            // what it does
	slash  []SlashOption     // what is filled in
	right  permissions.Right // that it needs beyond read; empty: none
	guard  bool              // its changes are commands of Redis, made by the guard
	flags  []string          // that it takes, those with a value behind them with a "="
	run    func(ctx context.Context, t *turn, call *shell.Call, args sessionsArgs) error
}

func sessionsForms() []sessionsForm {
	return []sessionsForm{
		{name: "", brief: "how many sessions there are, and whose", run: sessionsOverview},
		{name: "count", brief: "how many there are", run: sessionsCount},
		{name: "list", behind: "[--user U] [--ip A] [--older D] [--no-ttl] [--json]", brief: "the sessions, one a line", slash: []SlashOption{
			{Name: "user", Summary: "of one person", flag: "--user", source: userSource},
			{Name: "ip", Summary: "from one address", flag: "--ip"},
			{Name: "older", Summary: "older than this, as in 1h", flag: "--older", source: durationSource},
			{Name: "no-ttl", Summary: "without a time to live", Kind: Switch, flag: "--no-ttl"},
			{Name: "json", Summary: "in full, as JSON", Kind: Switch, flag: "--json"},
		}, flags: []string{"--user=", "--ip=", "--older=", "--no-ttl", "--json"}, run: sessionsList},
		{name: "show", behind: "ID…", brief: "a session in full", slash: []SlashOption{
			{Name: "id", Summary: "keys, ids, or what these begin with", Kind: Words, Required: true, source: sessionSource},
		}, run: sessionsShow},
		{name: "top", behind: "users|addresses|size [N]", brief: "the most, or the largest", slash: []SlashOption{
			{Name: "of", Summary: "of what", Required: true, Choices: []string{"users", "addresses", "size"}},
			{Name: "n", Summary: "how many", Kind: Number, Min: 1, Max: maxTop},
		}, run: sessionsTop},
		{name: "who", behind: "ADDRESS", brief: "who comes from an address", slash: []SlashOption{
			{Name: "address", Summary: "an IP address", Required: true},
		}, run: sessionsWho},
		{name: "end", behind: "ID… | --user U [--except ID | --extra]", brief: "end sessions, which is final", slash: []SlashOption{
			{Name: "id", Summary: "keys, ids, or what these begin with", Kind: Words, source: sessionSource},
			{Name: "user", Summary: "all of one person", flag: "--user", source: userSource},
			{Name: "except", Summary: "the one that stays", flag: "--except", source: sessionSource},
			{Name: "extra", Summary: "of a person those beyond their limit alone", Kind: Switch, flag: "--extra"},
		}, right: permissions.Destroy, flags: []string{"--user=", "--except=", "--extra"}, run: sessionsEnd},
		{name: "extend", behind: "ID TIME", brief: "let a session live longer", slash: []SlashOption{
			{Name: "id", Summary: "its key, its id, or what that begins with", Required: true, source: sessionSource},
			{Name: "time", Summary: "how long from now, as in 1h", Required: true, source: durationSource},
		}, right: permissions.Write, guard: true, run: sessionsExtend},
		{name: "fix-ttl", brief: "give a time to live to sessions that have none", right: permissions.Write, guard: true, run: sessionsFixTTL},
		{name: "cleanup", behind: "[--plan] [--foreign | --own]", brief: "end what has outlived the policy", slash: []SlashOption{
			{Name: "plan", Summary: "only say what it would do", Kind: Switch, flag: "--plan"},
			{Name: "foreign", Summary: "also those that other software wrote", Kind: Switch, flag: "--foreign"},
			{Name: "own", Summary: "from now on leave other software's alone", Kind: Switch, flag: "--own"},
		}, right: permissions.Destroy, flags: []string{"--plan", "--foreign", "--own"}, run: sessionsCleanup},
	}
}

// sessionsSlash is the forms as they are filled in.
func sessionsSlash() []SlashForm {
	var list []SlashForm
	for _, f := range sessionsForms() {
		form := SlashForm{Name: f.name, Summary: f.brief, Options: f.slash}
		if f.name == "" {
			form.Name, form.bare = "overview", true
		}
		list = append(list, form)
	}
	return list
}

func sessionsUsage() []string {
	var lines []string
	for _, f := range sessionsForms() {
		lines = append(lines, strings.TrimSpace(f.name+" "+f.behind))
	}
	return lines
}

func sessionsFormNames() []string {
	var names []string
	for _, f := range sessionsForms() {
		if f.name != "" {
			names = append(names, f.name)
		}
	}
	return names
}

func findSessionsForm(name string) (sessionsForm, bool) {
	for _, f := range sessionsForms() {
		if f.name == strings.ToLower(name) {
			return f, true
		}
	}
	return sessionsForm{}, false
}

// changesByGuard reports whether a call hands changes to the guard.
func changesByGuard(args []shell.SourceArg) bool {
	if len(args) == 0 {
		return false
	}
	form, ok := findSessionsForm(args[0].Text)
	return !args[0].Literal || ok && form.guard
}

// sessionsReads reports whether a call only reads.
func sessionsReads(_ context.Context, _ *turn, args []shell.SourceArg) bool {
	if len(args) == 0 {
		return true
	}
	form, ok := findSessionsForm(args[0].Text)
	return ok && args[0].Literal && form.right == ""
}

// checkSessions refuses what the caller may not, as far as literal words tell.
func checkSessions(_ context.Context, t *turn, args []shell.SourceArg) error {
	if len(args) > 0 && args[0].Literal {
		form, ok := findSessionsForm(args[0].Text)
		onlyPlans := slices.ContainsFunc(args, func(a shell.SourceArg) bool { return a.Text == "--plan" })
		if ok && form.right != "" && !onlyPlans {
			return t.Policy.Preflight(t.caller, form.right, "sessions "+form.name)
		}
	}
	return t.mayRead("sessions")
}

func runSessions(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	name, rest := "", []shell.Arg(nil)
	if len(call.Args) > 0 {
		name, rest = call.Args[0].Text, call.Args[1:]
	}
	form, ok := findSessionsForm(name)
	if !ok {
		return 0, t.unknownForm(sessionsVerb(), name, sessionsFormNames())
	}
	if len(rest) == 1 && rest[0].Text == "--help" {
		_, err := call.Stdout.WriteString(t.verbHelp(sessionsVerb()))
		return 0, err
	}
	args, err := t.sessionsArgs(form, rest)
	if err != nil {
		return 0, err
	}
	final := form.right != "" && !form.guard && !args.has("--plan")
	switch {
	case form.right != "" && t.late && !args.has("--plan"):
		return 0, &guard.Refused{Command: "sessions " + form.name, NeedsPlan: true}
	case final && t.mode != Direct && (t.changes || t.waits != nil):
		return 0, unable("`sessions %s` has a plan of its own, since it is final. Type it on a line of its own; nothing was changed.", form.name)
	}
	return 0, form.run(ctx, t, call, args)
}

// sessionsArgs are the words behind a sub-command.
type sessionsArgs struct {
	words []string          // that are no flag, whole
	flags map[string]string // each with its value, if it takes one
}

func (a sessionsArgs) has(flag string) bool { _, ok := a.flags[flag]; return ok }

// sessionsArgs tells flags, with their values, from words.
func (t *turn) sessionsArgs(form sessionsForm, args []shell.Arg) (sessionsArgs, error) {
	read := sessionsArgs{flags: make(map[string]string)}
	for i := 0; i < len(args); i++ {
		word, value, joined := strings.Cut(args[i].Text, "=")
		switch {
		case args[i].Key || !strings.HasPrefix(word, "--"):
			read.words = append(read.words, args[i].Whole)
		case slices.Contains(form.flags, word) && !joined:
			read.flags[word] = ""
		case !slices.Contains(form.flags, word+"="):
			return read, t.misusedSessions(form, "`%s` is no option of `sessions %s`.%s", args[i].Text, form.name, meant(word, flagWords(form.flags)))
		case joined:
			read.flags[word] = value
		case i+1 == len(args):
			return read, t.misusedSessions(form, "`%s` needs a value.", word)
		default:
			i++
			read.flags[word] = args[i].Whole
		}
	}
	return read, nil
}

// flagWords answers flags as they are typed.
func flagWords(flags []string) []string {
	words := make([]string, len(flags))
	for i, f := range flags {
		words[i] = strings.TrimSuffix(f, "=")
	}
	return words
}

// misusedSessions words what is wrong with one form's arguments.
func (t *turn) misusedSessions(form sessionsForm, format string, args ...any) error {
	v := sessionsVerb()
	v.usage = []string{strings.TrimSpace(form.name + " " + form.behind)}
	return t.misused(v, format, args...)
}

// sessionsActions answers what a call would do, as the policy is asked about it.
func sessionsActions(args []string) []permissions.Action {
	form, _ := findSessionsForm(args[0])
	if form.right == "" {
		return []permissions.Action{{Right: permissions.Read, Name: "sessions"}}
	}
	a := permissions.Action{Right: form.right, Name: "sessions " + form.name}
	for i, word := range args[1:] {
		switch {
		case form.name != "end" && form.name != "extend", form.name == "extend" && i > 0, strings.HasPrefix(word, "--"):
		case args[i] == "--user":
			a.Keys = append(a.Keys, sessionPrefix+"user:"+word+":")
		case args[i] != "--except":
			a.Keys = append(a.Keys, sessionPrefix+strings.TrimPrefix(word, sessionPrefix))
		}
	}
	return []permissions.Action{a}
}

// sessionsSeen is the sessions that the caller may see.
func (t *turn) sessionsSeen() *sessions.Store {
	store := t.Sessions.Telling(t.progress.scanned)
	scope := t.Policy.Scope(t.caller, permissions.Read)
	if scope.All() {
		return store
	}
	return store.Seeing(func(key []byte) bool { return scope.Allows(string(key)) })
}

// maySee reports whether the caller may see a key.
func (t *turn) maySee(key string) bool {
	return t.Policy.Scope(t.caller, permissions.Read).Allows(key)
}

// timeOf reads a time as settings are written: 86400, 24h or 1d.
func timeOf(text string) (time.Duration, bool) {
	v, err := settings.Setting{Kind: settings.Duration, Min: 1, Max: 365 * 24 * 3600}.Parse(text)
	if err != nil {
		return 0, false
	}
	seconds, err := strconv.ParseInt(v.String(), 10, 64)
	return time.Duration(seconds) * time.Second, err == nil
}
