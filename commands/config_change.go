package commands

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
)

func configSet(ctx context.Context, t *turn, call *shell.Call, args []string) error {
	wishes, err := settings.ParseAssignments(args)
	if err != nil || len(wishes) == 0 {
		return t.misusedForm("set", "A change is written KEY=VALUE, as in redis.session_ttl=86400; a value with spaces needs quotes.")
	}
	before := t.snapshot()
	result, err := t.Settings.Set(ctx, wishes, t.who("config set"))
	return t.report(ctx, call, "config set", before, result, err)
}

func configUnset(ctx context.Context, t *turn, call *shell.Call, args []string) error {
	if len(args) == 0 {
		return t.misusedForm("unset", "Which setting shall take its value from the configuration again?")
	}
	before := t.snapshot()
	result, err := t.Settings.Unset(ctx, args, t.who("config unset"))
	return t.report(ctx, call, "config unset", before, result, err)
}

func configRollback(ctx context.Context, t *turn, call *shell.Call, args []string) error {
	if len(args) != 1 {
		return t.misusedForm("unset", "To which revision? `%sconfig history` lists them.", t.prefix())
	}
	revision, err := strconv.ParseInt(strings.TrimPrefix(args[0], "r"), 10, 64)
	if err != nil {
		return t.misusedForm("unset", "`%s` is not a revision; `%sconfig history` lists them.", args[0], t.prefix())
	}
	before := t.snapshot()
	result, err := t.Settings.Rollback(ctx, revision, t.who("config rollback"))
	return t.report(ctx, call, "config rollback", before, result, err)
}

func configProfile(ctx context.Context, t *turn, call *shell.Call, args []string) error {
	if len(args) != 1 {
		return t.misusedForm("unset", "Which profile? production or development.")
	}
	before := t.snapshot()
	result, err := t.Settings.ApplyProfile(ctx, args[0], t.who("config profile"))
	return t.report(ctx, call, "config profile", before, result, err)
}

// maxImport bounds the text of an import; every setting fits many times over.
const maxImport = 256 << 10

// importText answers the words of a change of settings, for an import the text
// that comes another way.
func importText(form configForm, call *shell.Call, args []string) ([]string, error) {
	if form.name != "import" || len(args) > 0 {
		return args, nil
	}
	block, err := readAll(call, maxImport)
	return []string{block}, err
}

// readAll reads what a call is given to read, up to so many bytes.
func readAll(call *shell.Call, most int64) (string, error) {
	text, err := io.ReadAll(io.LimitReader(call.Stdin, most))
	return string(text), err
}

func configImport(ctx context.Context, t *turn, call *shell.Call, args []string) error {
	text := strings.Join(args, "\n")
	if strings.TrimSpace(text) == "" {
		return t.misusedForm("unset", "There is nothing to import. Put the settings into a fenced block below the command.")
	}
	before := t.snapshot()
	result, err := t.Settings.Import(ctx, text, t.who("config import"))
	return t.report(ctx, call, "config import", before, result, err)
}

// report writes what a command changed, each setting with the value before, and
// has it recorded.
func (t *turn) report(ctx context.Context, call *shell.Call, command string, before *settings.Snapshot, result settings.Result, err error) error {
	if err != nil {
		return err
	}
	if t.trial != nil {
		*t.trial = result
		return nil
	}
	if t.mode == Only {
		t.wouldSet(result.Changes)
		return nil
	}
	t.recording.changed(command, result.Changes)
	if result.Unreplicated {
		t.hints.add("Not every replica has this yet; if one took this server's place now, it could be lost.")
	}
	if err := t.keepSettings(ctx, command, before, result.Changes); err != nil {
		return err
	}
	changed := false
	for _, c := range result.Changes {
		line := fmt.Sprintf("%s = %s\n", c.Key, c)
		if c.Old == c.New {
			line = fmt.Sprintf("%s = %s (as before)\n", c.Key, c.New)
		}
		if c.Old == c.New && c.Unset {
			line = fmt.Sprintf("%s = %s (as before, but no longer set live)\n", c.Key, c.New)
		}
		if c.Old != c.New {
			t.inForce = append(t.inForce, c.Key)
		}
		changed = changed || c.Old != c.New || c.Unset
		if _, err := call.Stdout.WriteString(line); err != nil {
			return err
		}
	}
	if len(result.Changes) == 0 || !changed {
		_, err = call.Stdout.WriteString("Nothing has changed.\n")
		return err
	}
	return nil
}

// wouldSet adds to the plan what a change of settings would do.
func (t *turn) wouldSet(changes []settings.Change) {
	text := "Plan: settings."
	if t.waits != nil {
		text = t.waits.Text
	}
	for _, c := range changes {
		text += fmt.Sprintf("\n%s = %s.", c.Key, c)
	}
	t.waits = &Plan{Text: text}
}
