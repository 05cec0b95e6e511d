package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/shell"
)

func alertsVerb() verb {
	return verb{
		name:    "alerts",
		aliases: []string{"incidents"},
		summary: "incidents: what is wrong, who sees to it, what mends it",
		usage:   []string{"", "show INCIDENT", "fix INCIDENT", "ack INCIDENT", "unack INCIDENT", "rules", "test RULE"},
		details: "An incident is named by its id or by its rule. show runs the guide's diagnosis; fix proposes the\n" +
			"guide's solutions, each of which shows its plan first. ack says that you see to it, and stops the\n" +
			"calls. test sends a drill through the whole path. ack, unack and test take the right alerts.",
		examples: []string{"!alerts", "!alerts rules"},
		slash:    alertsSlash(),
		reads:    alertsRead,
		check:    mayAlerts,
		run:      runAlerts,
	}
}

func alertsSlash() SlashVerb {
	incident := []SlashOption{{Name: "incident", Summary: "the incident, or its rule", Required: true, source: incidentSource}}
	return SlashVerb{Forms: []SlashForm{
		{Name: "list", Summary: "what is wrong, and what was lately", bare: true},
		{Name: "show", Summary: "one incident: its history and the guide's diagnosis", Options: incident},
		{Name: "fix", Summary: "the guide's solutions, each with its plan", Options: incident},
		{Name: "ack", Summary: "say that you see to it", Options: incident},
		{Name: "unack", Summary: "give it back", Options: incident},
		{Name: "rules", Summary: "what is watched, and how it stands"},
		{Name: "test", Summary: "send a drill through the whole path", Options: []SlashOption{
			{Name: "rule", Summary: "the rule to act for", Required: true, source: ruleSource},
		}},
	}}
}

// alertsRead reports whether a call does nothing but read.
func alertsRead(_ context.Context, _ *turn, args []shell.SourceArg) bool {
	return len(args) == 0 || args[0].Literal && !alertsForms[args[0].Text].acts
}

// incidentSource offers the open incidents.
func incidentSource(ctx context.Context, c *completer) (found []Suggestion) {
	if c.Alerts == nil {
		return nil
	}
	all, _ := c.Alerts.List(ctx) // what this process knows, while Redis is away
	for _, in := range all {
		if in.Open() {
			found = append(found, Suggestion{Value: in.ID, Label: in.ID + ": " + in.Summary})
		}
	}
	return found
}

// ruleSource offers the rules.
func ruleSource(_ context.Context, c *completer) (found []Suggestion) {
	if c.Alerts == nil {
		return nil
	}
	for _, s := range c.Alerts.Rules() {
		found = append(found, Suggestion{Value: s.Rule.Name, Label: s.Rule.Name + ": " + s.Rule.Summary})
	}
	return found
}

// mayAlerts checks read, and alerts for what does more than read.
func mayAlerts(_ context.Context, t *turn, args []shell.SourceArg) error {
	if len(args) > 0 && args[0].Literal && alertsForms[args[0].Text].acts {
		return t.Policy.Check(t.caller, permissions.Action{Right: permissions.Alerts, Name: "alerts " + args[0].Text})
	}
	return t.mayRead("alerts")
}

// alertsForm is one form of the verb. Those with an object take one word.
type alertsForm struct {
	acts   bool // it does more than read
	object string
	run    func(ctx context.Context, t *turn, out io.Writer, object string) error
}

var alertsForms = map[string]alertsForm{
	"show":  {object: "incident", run: showIncident},
	"fix":   {object: "incident", run: proposeFixes},
	"ack":   {object: "incident", acts: true, run: acknowledge},
	"unack": {object: "incident", acts: true, run: unacknowledge},
	"rules": {run: listRules},
	"test":  {object: "rule", acts: true, run: testRule},
}

func runAlerts(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	if t.Alerts == nil {
		return 0, unable("Nothing is watched here.")
	}
	words := call.Texts()
	if len(words) == 0 {
		return 0, t.asAlert(listIncidents(ctx, t, call.Stdout))
	}
	form, ok := alertsForms[words[0]]
	switch {
	case !ok:
		return 0, t.unknownForm(alertsVerb(), words[0], alertsFormNames())
	case form.object == "" && len(words) != 1, form.object != "" && len(words) != 2:
		return 0, t.misused(alertsVerb(), "`alerts %s` takes %s.", words[0], oneOf(form.object))
	case form.acts && (t.late || t.mode == Only):
		return 0, &guard.Refused{Command: "alerts", NeedsPlan: true}
	case form.acts:
		if err := t.mayDoAtOnce("alerts " + words[0]); err != nil {
			return 0, err
		}
		if err := t.recording.open(ctx); err != nil {
			return 0, err
		}
	}
	object := ""
	if form.object != "" {
		object = words[1]
	}
	return 0, t.asAlert(form.run(ctx, t, call.Stdout, object))
}

func alertsFormNames() []string { return []string{"show", "fix", "ack", "unack", "rules", "test"} }

func oneOf(object string) string {
	if object == "" {
		return "nothing more"
	}
	return "one " + object
}

// asAlert words what the engine refuses.
func (t *turn) asAlert(err error) error {
	var unknown *alerts.UnknownError
	var resolved *alerts.ResolvedError
	var limit *alerts.LimitError
	switch {
	case errors.As(err, &unknown):
		return unable("%s `%salerts` and `%salerts rules` list what there is.", sentence(unknown.Error()), t.prefix(), t.prefix())
	case errors.As(err, &resolved):
		return unable("%s", sentence(resolved.Error()))
	case errors.As(err, &limit):
		return unable("%s `%ssilence list` shows them.", sentence(limit.Error()), t.prefix())
	}
	return err
}

// resolvedShown is how many incidents that are over are listed.
const resolvedShown = 5

func listIncidents(ctx context.Context, t *turn, out io.Writer) error {
	all, err := t.Alerts.List(ctx)
	if err != nil {
		return err
	}
	list, over := Table{Columns: []Column{{"incident", 0}, {"state", 0}, {"since", 2}, {"owner", 3}, {"what", 1}}}, 0
	for _, in := range all {
		if !in.Open() {
			if over++; over > resolvedShown {
				continue
			}
		}
		list.Rows = append(list.Rows, []string{in.ID, string(in.State), ago(in.Since), ownerOf(in), in.Words})
	}
	if len(list.Rows) == 0 {
		_, err := io.WriteString(out, "No incident, and none lately.\n")
		return err
	}
	return t.cards.write(out, Card{Title: "Incidents", Tables: []Table{list}})
}

func ownerOf(in alerts.Incident) string {
	if in.Owner == nil {
		return "-"
	}
	return in.Owner.Name
}

func showIncident(ctx context.Context, t *turn, out io.Writer, name string) error {
	in, err := t.Alerts.Find(ctx, name)
	if err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s (%s, %s)\n%s\n", in.ID, in.Summary, in.Severity, in.State, in.Words)
	if in.Owner != nil {
		fmt.Fprintf(&b, "Seen to by %s since %s.\n", in.Owner.Name, in.Owner.At.UTC().Format("15:04 MST"))
	}
	b.WriteString("\n")
	for _, e := range in.Timeline {
		fmt.Fprintf(&b, "%s  %s\n", e.At.UTC().Format("2006-01-02 15:04:05"), e.Text)
	}
	if lines := t.Diagnose(ctx, in); len(lines) > 0 {
		b.WriteString("\n" + strings.Join(lines, "\n") + "\n")
	}
	t.offerNext(in)
	_, err = io.WriteString(out, b.String())
	return err
}

// offerNext proposes what can be done about an incident.
func (t *turn) offerNext(in alerts.Incident) {
	if !in.Open() {
		return
	}
	if in.Owner == nil {
		t.offers.add(Offer{Label: "Acknowledge", Line: t.prefix() + "alerts ack " + in.ID})
	}
	for _, o := range t.NextSteps(in) {
		t.offers.add(o)
	}
}

func proposeFixes(ctx context.Context, t *turn, out io.Writer, name string) error {
	in, err := t.Alerts.Find(ctx, name)
	if err != nil {
		return err
	}
	steps := t.NextSteps(in)
	if len(steps) == 0 {
		_, err := fmt.Fprintf(out, "For %s there is nothing that Helix could do: %s\n", in.Rule, cureOf(in.Rule).advice)
		return err
	}
	for i, o := range steps {
		t.offers.add(o)
		if _, err := fmt.Fprintf(out, "%d. %s: %s\n", i+1, o.Label, o.Line); err != nil {
			return err
		}
	}
	_, err = io.WriteString(out, cureOf(in.Rule).advice+"\nEach of them shows what it would change before it does.\n")
	return err
}

func acknowledge(ctx context.Context, t *turn, out io.Writer, name string) error {
	in, err := t.Alerts.Acknowledge(ctx, name, t.actor())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s sees to %s.\n", ownerOf(in), in.ID)
	return err
}

func unacknowledge(ctx context.Context, t *turn, out io.Writer, name string) error {
	in, err := t.Alerts.Unacknowledge(ctx, name, t.actor())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Nobody sees to %s now, so it calls again.\n", in.ID)
	return err
}

func testRule(ctx context.Context, t *turn, out io.Writer, rule string) error {
	in, err := t.Alerts.Test(ctx, rule, t.actor())
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Drill %s goes the way of a real incident, marked as a drill, and ends in a minute.\n", in.ID)
	return err
}

// actor is the caller as the engine keeps them.
func (t *turn) actor() alerts.Person { return alerts.Person{ID: person(t.caller), Name: t.caller.Name} }

func listRules(_ context.Context, t *turn, out io.Writer, _ string) error {
	list := Table{Columns: []Column{{"rule", 0}, {"state", 0}, {"severity", 2}, {"now", 1}}}
	for _, s := range t.Alerts.Rules() {
		list.Rows = append(list.Rows, []string{s.Rule.Name, stateOfRule(s), gravity(s.Rule), s.Verdict.Words})
	}
	return t.cards.write(out, Card{Title: "Rules", Tables: []Table{list}})
}

// gravity is how grave a rule is, and how long it waits if it says so itself.
func gravity(r alerts.Rule) string {
	switch {
	case r.Expression != "" && r.Instant:
		return string(r.Severity) + ", at once"
	case r.Hold > 0:
		return string(r.Severity) + ", after " + lasting(r.Hold)
	}
	return string(r.Severity)
}

func stateOfRule(s alerts.Standing) string {
	switch {
	case !s.Enabled:
		return "off"
	case s.Incident.State != "":
		return string(s.Incident.State)
	}
	return string(s.Verdict.Status)
}

// bytesAsMiB is a size as CONFIG SET takes it, in whole MiB.
func bytesAsMiB(n float64) string { return strconv.FormatInt(int64(n)>>20, 10) + "mb" }
