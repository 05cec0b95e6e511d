package commands

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/shell"
	"github.com/helix-collective/helix/suggest"
)

// unknownError is a name that nothing answers to.
type unknownError struct {
	name   string
	advice string // the next step; a sentence, or empty
}

func (e *unknownError) Error() string {
	return strings.TrimSpace(fmt.Sprintf("`%s` is not a command. %s", e.name, e.advice))
}

// preflight refuses a program if any command in it is unknown or not allowed,
// as far as that stands in its text. What comes out of expansion is checked
// when it has.
func (t *turn) preflight(ctx context.Context, program *shell.Program) error {
	for _, call := range program.Calls() {
		if err := t.checkCall(ctx, call); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) checkCall(ctx context.Context, call shell.SourceCall) error {
	if call.Own {
		return t.mayRead(call.Name)
	}
	if _, ok := t.filters[call.Name]; ok {
		return t.mayRead(call.Name)
	}
	v, ok := t.verb(call.Name)
	switch {
	case !t.mayCall(call.Name):
		return notText(call.Name)
	case !ok && t.isAction(call.Name) && t.scheduled != "":
		return unscheduled(call.Name)
	case !ok && t.isAction(call.Name):
		return t.checkAction(call)
	case !ok:
		return t.unknown(ctx, call.Name)
	}
	if len(call.Args) == 1 && call.Args[0].Literal && call.Args[0].Text == "--help" {
		return t.mayRead(v.name)
	}
	return t.may(ctx, v, call.Args)
}

// lookup resolves a name for the evaluator.
func (t *turn) lookup(name string) (shell.Command, bool) {
	if c, ok := t.filters[name]; ok {
		return c, true
	}
	v, ok := t.verb(name)
	switch {
	case !t.mayCall(name), t.reveals && !t.readsRedis(name):
		return nil, false
	case !ok && t.isAction(name):
		return actionCommand{t, name}, true
	case !ok:
		return nil, false
	case v.name == "redis":
		return redisCommand{t}, true
	default:
		return t.command(v), true
	}
}

var settingLine = regexp.MustCompile(`^[a-z]+\.[a-z_.]+=`)

// unknown words what to do about a name that nothing answers to.
func (t *turn) unknown(ctx context.Context, name string) error {
	prefix := t.prefix()
	if settingLine.MatchString(name) {
		return &unknownError{name, fmt.Sprintf("To change a setting: `%sconfig set %s`; for a block of them: `%sconfig import`.", prefix, name, prefix)}
	}
	if redis, err := t.Guard.Commands(ctx); err == nil && slices.Contains(redis, strings.ToLower(name)) {
		return &unknownError{name, fmt.Sprintf("It is one of Redis: `%sredis %s …`.", prefix, name)}
	}
	if guard.IsParameter(name) {
		return &unknownError{name, fmt.Sprintf("It is a parameter of Redis: `%sredis config set %s …`.", prefix, name)}
	}
	if near, ok := suggest.Nearest(name, append(t.names(), t.aliasNames()...)); ok {
		return &unknownError{name, fmt.Sprintf("Did you mean `%s`?", near)}
	}
	if t.aliases.trouble != nil {
		return &unknownError{name, "It may be an alias: those cannot be read, since Redis does not answer."}
	}
	return &unknownError{name, fmt.Sprintf("`%shelp` lists what there is.", prefix)}
}

// names answers everything that can stand at the place of a command.
func (t *turn) names() []string {
	var names []string
	for _, v := range t.verbs {
		names = append(append(names, v.name), v.aliases...)
	}
	for name := range t.filters {
		names = append(names, name)
	}
	names = append(append(names, t.actionWords()...), shell.OwnCommands()...)
	slices.Sort(names)
	return names
}

// callNames answers the names of a program's calls for the records, each once:
// "wc", "config set", "redis get". What names nothing may be anything, a secret
// included, so it is left out. err is what the preflight came to: where Redis
// was found to be away, it is not asked for its commands again.
func (t *turn) callNames(ctx context.Context, program *shell.Program, err error) []string {
	_, away := t.asConnection(err)
	var names []string
	for _, c := range program.Calls() {
		name := strings.ToLower(c.Name)
		switch v, ok := t.verb(name); {
		case !c.Own && !t.knows(name):
			name = "(unknown)"
		case !ok && t.isAction(c.Name):
			name = t.actionName(c)
		case ok && v.name == "redis" && !away:
			name = t.redisName(ctx, c.Args)
		case ok && v.name == "redis":
			name = v.name
		case ok && v.name == "config" && len(c.Args) > 0:
			if form, ok := findConfigForm(c.Args[0].Text); ok {
				name = "config " + form.name
			}
		case ok && v.name == "sessions" && len(c.Args) > 0:
			if form, ok := findSessionsForm(c.Args[0].Text); ok {
				name = "sessions " + form.name
			}
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// redisName names the command of a redis call, as far as its words are known.
func (t *turn) redisName(ctx context.Context, args []shell.SourceArg) string {
	var words []string
	for _, a := range withoutRedis(args, staticText) {
		if !a.Literal {
			break
		}
		words = append(words, a.Text)
	}
	d, err := t.Guard.Describe(ctx, words)
	if err != nil { // no command of the server: said when it is its turn
		return "redis"
	}
	return d.Name
}

func (t *turn) knows(name string) bool {
	_, ok := t.lookup(name)
	return ok
}
