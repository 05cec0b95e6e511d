package commands

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/plans"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/shell"
)

// configMark begins the only step of a plan that changes settings.
const configMark = "config "

// configStep is a change of settings as a plan keeps it.
type configStep struct {
	Form string   `json:"form"`
	Args []string `json:"args"`
}

// try asks what a change of settings would do, and does nothing.
func (t *turn) try(ctx context.Context, call *shell.Call, form configForm, args []string) ([]settings.Change, error) {
	var result settings.Result
	t.trial = &result
	defer func() { t.trial = nil }()
	err := form.run(ctx, t, call, args)
	return result.Changes, err
}

// planConfig asks a confirmation for a change of settings that ends or shortens
// sessions, or where all changes are planned, and reports whether it is one.
func (t *turn) planConfig(ctx context.Context, call *shell.Call, form configForm, args []string) (bool, error) {
	changes, err := t.try(ctx, call, form, args)
	if err != nil {
		return false, err
	}
	effect, err := t.Sessions.Effect(ctx, policyAfter(t.snapshot(), changes))
	if err != nil || len(changes) == 0 || effect.None() && !t.plansAll {
		return false, err
	}
	text := t.effectText(changes, effect)
	switch {
	case t.mode == Only && t.waits == nil:
		t.waits = &Plan{Text: text}
		return true, nil
	case t.mode == Only || t.changes || t.waits != nil:
		return false, unable("This change of settings has a plan of its own. Type it on a line of its own.")
	case t.Plans == nil:
		return false, unable("This change of settings needs a plan, and none can be made here.")
	}
	step, err := json.Marshal(configStep{form.name, args})
	if err != nil {
		return false, fmt.Errorf("plan a change of settings: %w", err)
	}
	word := ""
	if effect.Final() > 0 {
		word = wordForever
	}
	return true, t.planStep(ctx, configMark+string(step), plans.Plan{
		Line: "config " + form.name + keysOf(changes), Text: text, Word: word,
		Rights: []string{string(permissions.Configure)},
	})
}

// keysOf lists the settings that change.
func keysOf(changes []settings.Change) string {
	text := ""
	for _, c := range changes {
		if c.Old != c.New {
			text += " " + c.Key + "=" + c.New
		}
	}
	return text
}

// effectText says what a change of settings does to sessions.
func (t *turn) effectText(changes []settings.Change, e sessions.Effect) string {
	lines := []string{"Plan: settings."}
	for _, c := range changes {
		if c.Old != c.New {
			lines = append(lines, fmt.Sprintf("%s = %s.", c.Key, c))
		}
	}
	add := func(n int64, one, many string) {
		if n > 0 {
			lines = append(lines, fmt.Sprintf("Warning: %s %s.", counted(n, "session", "sessions"), plural(n, one, many)))
		}
	}
	add(e.Ended, "is past the new times and ends", "are past the new times and end")
	add(e.OverLimit, "is too many for its person and ends", "are too many for their people and end")
	add(e.Shortened, "ends sooner than it would now", "end sooner than they would now")
	add(e.Bound, "is valid from its own address alone", "are valid from their own addresses alone")
	add(e.Refused, "is not accepted any more", "are not accepted any more")
	lines = append(lines, fmt.Sprintf("`%sundo` takes the settings back for %s afterwards, and no session that has ended by then.", t.prefix(), t.retention()))
	return strings.Join(lines, "\n")
}

// policyAfter is what holds for sessions once settings are changed.
func policyAfter(s *settings.Snapshot, changes []settings.Change) sessions.Policy {
	p := sessions.PolicyOf(s)
	for _, c := range changes {
		n, _ := strconv.ParseInt(c.New, 10, 64) // of a number; the settings have read it
		switch c.Key {
		case string(settings.SessionTTL):
			p.TTL = time.Duration(n) * time.Second
		case string(settings.SessionIdleTimeout):
			p.IdleTimeout = time.Duration(n) * time.Second
		case string(settings.MaxSessionsPerUser):
			p.MaxPerUser = int(n)
		case string(settings.SessionBindIP):
			p.BindAddress = c.New == "true"
		case string(settings.SessionCompat):
			p.Compat = c.New == "true"
		}
	}
	return p
}

// changeSettings carries out the step of a plan that changes settings. They check
// the rights to each anew.
func (t *turn) changeSettings(ctx context.Context, step string, out io.Writer) error {
	var s configStep
	if err := json.Unmarshal([]byte(step), &s); err != nil {
		return fmt.Errorf("read the plan to change settings: %w", err)
	}
	form, ok := findConfigForm(s.Form)
	if !ok {
		return fmt.Errorf("read the plan to change settings: no form %q", s.Form)
	}
	if err := t.recording.open(ctx); err != nil {
		return err
	}
	stdout := shell.NewWriter(out)
	call := &shell.Call{Name: "config", Stdin: shell.NewReader(strings.NewReader("")), Stdout: stdout, Stderr: stdout}
	if err := form.run(ctx, t, call, s.Args); err != nil {
		return &unchangedError{err}
	}
	return stdout.Flush()
}
