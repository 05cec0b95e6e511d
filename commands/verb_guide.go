package commands

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/helix-collective/helix/guide"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/shell"
)

func guideVerb() verb {
	return verb{
		name:    "guide",
		summary: "the session guide, step by step: what is wrong, and what helps",
		usage:   []string{"", "PROBLEM", "PROBLEM STEP", "SECTION"},
		details: "PROBLEM is sessions, memory or leaks, or what it looks like: `guide oom`, `guide logout`. The first\n" +
			"step looks for itself and says what it sees; the others are solutions. Nothing is changed without\n" +
			"a plan, and everything runs under your own rights.",
		examples: []string{"!guide", "!guide sessions", "!guide oom", "!guide leaks 3", "!guide monitoring"},
		reads:    always,
		run:      runGuide,
	}
}

func runGuide(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	words := call.Texts()
	if len(words) == 0 {
		_, err := call.Stdout.WriteString(t.guideContents())
		return 0, err
	}
	step := 1
	if n, err := strconv.Atoi(words[len(words)-1]); err == nil && len(words) > 1 && n < 100 {
		step, words = n, words[:len(words)-1]
	}
	topic, ok := guide.Find(words)
	switch {
	case !ok:
		return 0, t.unknownForm(guideVerb(), strings.Join(words, " "), guide.Names())
	case step < 1 || step > len(topic.Steps)+1:
		return 0, unable("`guide %s` has steps 1 to %d.", topic.Name, len(topic.Steps)+1)
	case step == 1:
		return 0, t.guideStart(ctx, call, topic)
	}
	_, err := call.Stdout.WriteString(t.guideStep(topic, step))
	return 0, err
}

// guideContents lists the problems and the sections.
func (t *turn) guideContents() string {
	var problems, sections [][]string
	for _, topic := range guide.Topics() {
		row := []string{"  " + t.prefix() + "guide " + topic.Name, topic.Title}
		if topic.Problem {
			problems = append(problems, row)
			t.offers.add(Offer{Label: topic.Title, Line: t.prefix() + "guide " + topic.Name})
			continue
		}
		sections = append(sections, row)
	}
	return "Problems\n" + figures(problems...).Text() + "\nSections\n" + figures(sections...).Text()
}

// guideStart is the first step: what it is about, what a look says, and what can
// be done.
func (t *turn) guideStart(ctx context.Context, call *shell.Call, topic guide.Topic) error {
	if _, err := fmt.Fprintf(call.Stdout, "%s\n\n%s\n", topic.Title, topic.Text); err != nil {
		return err
	}
	for _, line := range topic.Looks {
		if _, err := fmt.Fprintf(call.Stdout, "\n$ %s\n", line); err != nil {
			return err
		}
		if err := t.look(ctx, call, line); err != nil {
			return err
		}
	}
	reading, err := t.guideReading(ctx, topic.Name)
	if err != nil {
		return err
	}
	if reading != "" {
		reading = "\n" + reading + "\n"
	}
	_, err = call.Stdout.WriteString(reading + "\nWhat can be done\n" + t.guideSteps(topic))
	return err
}

// look runs a line that only reads, under the caller's rights. That they lack one
// ends the line alone.
func (t *turn) look(ctx context.Context, call *shell.Call, line string) error {
	program, err := shell.Parse(line)
	if err == nil {
		err = t.preflight(ctx, program)
	}
	if err == nil {
		_, err = shell.Run(ctx, program, shell.Env{Lookup: t.lookup, Limits: t.limits(Request{}), Stdout: call.Stdout, Stderr: call.Stderr})
	}
	if denied := (*permissions.Denied)(nil); errors.As(err, &denied) {
		_, err = fmt.Fprintf(call.Stdout, "(%s)\n", denied)
	}
	return err
}

// guideSteps lists the steps of a topic, and proposes them.
func (t *turn) guideSteps(topic guide.Topic) string {
	var rows [][]string
	for i, s := range topic.Steps {
		rows = append(rows, []string{fmt.Sprintf("  %d", i+2), s.Title, t.guideLine(s)})
		if i < maxOffers-1 {
			t.proposeStep(s)
		}
	}
	t.offers.add(Offer{Label: "Step by step", Line: fmt.Sprintf("%sguide %s 2", t.prefix(), topic.Name)})
	return figures(rows...).Text()
}

// proposeStep proposes what a step says. What it changes is planned, also where it
// is pressed.
func (t *turn) proposeStep(s guide.Step) {
	if s.Line == "" {
		return
	}
	offer := Offer{Label: s.Title, Line: t.prefix() + s.Line, Plans: true}
	if s.Wants {
		offer.Wants = WantsWords
	}
	t.offers.add(offer)
}

func (t *turn) guideLine(s guide.Step) string {
	if s.Line == "" {
		return ""
	}
	if s.Wants {
		return t.prefix() + strings.ReplaceAll(s.Line, "{}", "…")
	}
	return t.prefix() + s.Line
}

// guideStep is one of the further steps.
func (t *turn) guideStep(topic guide.Topic, step int) string {
	s, last := topic.Steps[step-2], len(topic.Steps)+1
	var b strings.Builder
	fmt.Fprintf(&b, "%s, step %d of %d: %s\n\n%s\n", topic.Title, step, last, s.Title, s.Text)
	if s.Guide != "" {
		fmt.Fprintf(&b, "\nThe guide  %s\n", s.Guide)
	}
	if line := t.guideLine(s); line != "" {
		fmt.Fprintf(&b, "Here       %s\n", line)
	}
	t.proposeStep(s)
	if step < last {
		t.offers.add(Offer{Label: "Next: " + topic.Steps[step-1].Title, Line: fmt.Sprintf("%sguide %s %d", t.prefix(), topic.Name, step+1)})
	}
	t.offers.add(Offer{Label: "Look again", Line: t.prefix() + "guide " + topic.Name})
	return b.String()
}
