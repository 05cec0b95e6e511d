package commands

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/shell"
	"github.com/helix-collective/helix/shell/text"
	"github.com/helix-collective/helix/suggest"
)

func helpVerb() verb {
	return verb{
		name:     "help",
		summary:  "what Helix can do, or one verb, text command or setting in full",
		usage:    []string{"", "VERB", "TEXT-COMMAND", "SETTING", "REDIS-COMMAND"},
		examples: []string{"!help", "!help redis", "!help sort", "!help redis.session_ttl", "!help getrange"},
		reads:    always,
		slash: SlashVerb{Private: true, Forms: []SlashForm{{Options: []SlashOption{
			{Name: "topic", Summary: "a verb, a text command, a setting, or a command of Redis", Kind: Words, source: topicSource},
		}}}},
		run: runHelp,
	}
}

func runHelp(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	page, err := t.helpPage(ctx, call)
	if err != nil {
		return 0, err
	}
	_, err = call.Stdout.WriteString(page)
	return 0, err
}

func (t *turn) helpPage(ctx context.Context, call *shell.Call) (string, error) {
	t.loadAliases(ctx) // without them, while Redis is away, there is the rest
	if len(call.Args) == 0 {
		return t.overview(), nil
	}
	topic := strings.TrimPrefix(strings.ToLower(call.Args[0].Text), t.prefix())
	if v, ok := t.verb(topic); ok {
		return t.verbHelp(v), nil
	}
	if page, ok := filterHelp(topic); ok {
		return page, nil
	}
	if page, ok := t.settingHelp(topic); ok {
		return page, nil
	}
	if page, ok := ownHelp(topic); ok {
		return page, nil
	}
	if page, ok := t.actionHelp(topic); ok {
		return page, nil
	}
	if page, ok := t.aliasHelp(topic); ok {
		return page, nil
	}
	if page, ok := t.redisHelp(ctx, call.Texts()); ok {
		return page, nil
	}
	return "", t.noTopic(topic)
}

// ownHelp is the help of the shell's own commands.
func ownHelp(name string) (string, bool) {
	if !slices.Contains(shell.OwnCommands(), name) {
		return "", false
	}
	if name == "xargs" {
		return "xargs: calls a command with what it reads as arguments\n\nUsage\n" +
			"  xargs [-n N] [-L N] [-I {}] [-r] [-0] [-d '\\n'] COMMAND [ARGUMENT…]\n\n" +
			"A key is one argument, whatever bytes it holds. Calls of redis go to the server many at a time.\n", true
	}
	return fmt.Sprintf("%s: a part of the shell, which does what POSIX says of it.\n", name), true
}

// redisHelp says what Helix makes of a command of the server.
func (t *turn) redisHelp(ctx context.Context, words []string) (string, bool) {
	d, err := t.Guard.Describe(ctx, words)
	if err != nil {
		return "", false
	}
	page := fmt.Sprintf("%s: a command of this Redis server\n\n", d.Name)
	switch {
	case len(d.Rights) == 0:
		return page + d.Refusal + "\n", true
	case d.Refusal != "":
		page += d.Refusal + "\n"
	}
	rights := make([]string, len(d.Rights))
	for i, r := range d.Rights {
		rights[i] = string(r)
	}
	page += fmt.Sprintf("It needs %s; `%swhy %s` tells whether you may.\n", strings.Join(rights, " and "), t.prefix(), d.Name)
	if changes(d.Rights) {
		page += fmt.Sprintf("It changes something, so a plan shows what before it happens; `%shelp undo` tells of the way back.\n", t.prefix())
	}
	return page, true
}

// changes reports whether a command that takes these rights changes something.
func changes(rights []permissions.Right) bool {
	return slices.ContainsFunc(rights, func(r permissions.Right) bool {
		return r == permissions.Write || r == permissions.Destroy || r == permissions.Mint
	})
}

func (t *turn) noTopic(topic string) error {
	advice := fmt.Sprintf("`%shelp` lists what there is.", t.prefix())
	if near, ok := suggest.Nearest(topic, slices.Concat(t.names(), t.aliasNames(), settingKeys())); ok {
		advice = fmt.Sprintf("Did you mean `%shelp %s`?", t.prefix(), near)
	}
	return &usageError{reason: fmt.Sprintf("There is no help on `%s`. %s", topic, advice)}
}

// overview is the help of everything, short enough for one message.
func (t *turn) overview() string {
	var b strings.Builder
	b.WriteString("Verbs\n")
	for _, v := range t.verbs {
		fmt.Fprintf(&b, "  %-9s %s\n", t.prefix()+v.name, v.summary)
	}
	if lines := t.actionLines(); len(lines) > 0 {
		b.WriteString("\nActions\n  " + t.prefix() + strings.Join(lines, "\n  "+t.prefix()) + "\n")
	}
	if text := t.aliasOverview(); text != "" {
		b.WriteString("\nAliases\n" + text)
	}
	b.WriteString("\nText commands, behind a pipe\n")
	b.WriteString(wrap(filterNames(), 70, "  "))
	b.WriteString("\nThe shell: pipes, && ||, if, while read, for, [ … ], variables, $(…), $((…)),\n")
	b.WriteString("xargs, sh -c. A fenced block behind " + t.prefix() + "redis is a script.\n")
	fmt.Fprintf(&b, "\nWhat changes something is shown as a plan and runs once confirmed; %sundo takes it back.\n", t.prefix())
	b.WriteString("\nTry\n")
	for _, example := range []string{"redis keys session:* | wc -l", "config list redis.session", "help config"} {
		fmt.Fprintf(&b, "  %s%s\n", t.prefix(), example)
	}
	return b.String()
}

// verbHelp is the help of one verb.
func (t *turn) verbHelp(v verb) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s: %s\n\nUsage\n", t.prefix(), v.name, v.summary)
	for _, u := range v.usage {
		fmt.Fprintf(&b, "  %s\n", strings.TrimSpace(t.prefix()+v.name+" "+u))
	}
	if v.details != "" {
		fmt.Fprintf(&b, "\n%s\n", v.details)
	}
	if len(v.examples) > 0 {
		b.WriteString("\nExamples\n")
	}
	for _, e := range v.examples {
		fmt.Fprintf(&b, "  %s\n", t.prefix()+strings.TrimPrefix(e, "!"))
	}
	return b.String()
}

func filterNames() []string {
	var names []string
	for _, u := range text.Usages() {
		names = append(names, u.Name)
	}
	slices.Sort(names)
	return names
}

func filterHelp(name string) (string, bool) {
	for _, u := range text.Usages() {
		if u.Name == name {
			return fmt.Sprintf("%s: %s\n\nUsage\n  %s\n\nIt reads standard input only, never a file.\n", u.Name, u.Summary, u.Synopsis), true
		}
	}
	return "", false
}

// wrap sets words in lines of at most width bytes.
func wrap(words []string, width int, indent string) string {
	var b strings.Builder
	line := indent
	for _, w := range words {
		if len(line)+len(w) > width && line != indent {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = indent
		}
		line += w + " "
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}
