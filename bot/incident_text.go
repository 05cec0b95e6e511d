package bot

import (
	"fmt"
	"strings"
	"time"

	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/commands"
)

// incidentText is an incident in the words of its message.
func incidentText(in alerts.Incident, diagnosis []string, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s **%s** · %s", sign(in), harmless(in.Summary), stateText(in, now))
	if !in.Drill.IsZero() {
		b.WriteString("\n**This is a drill.** Nothing is wrong.")
	}
	b.WriteString("\n" + harmless(visible(in.Words)))
	fmt.Fprintf(&b, "\nSince %s", moment(in.Since))
	if in.Owner != nil {
		fmt.Fprintf(&b, " · %s sees to it", harmless(visible(in.Owner.Name)))
	}
	if len(diagnosis) > 0 {
		block, _ := cutPage(strings.Join(diagnosis, "\n"), maxDiagnosis)
		b.WriteString("\n" + block)
	}
	b.WriteString("\n" + small(fmt.Sprintf("%s · %s · %s", in.ID, in.Rule, in.Severity)))
	return clip(b.String(), maxContent-roomToRing)
}

const (
	maxDiagnosis = 800
	roomToRing   = 40 // for a mention in front
)

// sign shows how grave it is before a word is read.
func sign(in alerts.Incident) string {
	switch {
	case in.State == alerts.Resolved:
		return "✅"
	case in.State == alerts.Silenced:
		return "🔕"
	case in.State == alerts.Acknowledged:
		return "👀"
	case in.Severity == alerts.Critical:
		return "🔴"
	}
	return "🟠"
}

func stateText(in alerts.Incident, now time.Time) string {
	took := length(in.Took(now))
	switch in.State {
	case alerts.Resolved:
		return "resolved after " + took
	case alerts.Silenced:
		if in.SilencedUntil.IsZero() {
			return "silenced until it is resolved"
		}
		return "silenced until " + moment(in.SilencedUntil)
	case alerts.Acknowledged:
		return "acknowledged"
	}
	if in.Flapping() {
		return "firing, comes and goes"
	}
	return "firing"
}

// moment is a time as Discord shows it to each reader in their own zone.
func moment(at time.Time) string { return fmt.Sprintf("<t:%d:t> (<t:%d:R>)", at.Unix(), at.Unix()) }

// length spells a time in its greatest unit or two.
func length(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	}
	return fmt.Sprintf("%d days", d/(24*time.Hour))
}

// occasionText says why somebody is called again.
func occasionText(in alerts.Incident, now time.Time) string {
	what := fmt.Sprintf("**%s**, for %s now: %s", harmless(in.Summary), length(in.Took(now)), harmless(visible(in.Words)))
	switch in.Ring.Occasion {
	case alerts.Reminded:
		return "You acknowledged this, and it goes on. " + what
	case alerts.Repeated:
		return "Nobody has acknowledged this yet. " + what
	}
	return "It goes on. " + what
}

// silenceText tells of a silence's start or end.
func silenceText(s alerts.Silence, now time.Time) string {
	who, what := harmless(visible(s.By.Name)), harmless(visible(s.Target))
	if s.Over() {
		text := fmt.Sprintf("🔔 **%s** is heard again.", what)
		if s.EndedBy != nil {
			text = fmt.Sprintf("🔔 **%s** is heard again: %s ended the silence.", what, harmless(visible(s.EndedBy.Name)))
		}
		if s.Withheld > 0 {
			text += fmt.Sprintf(" Under it %d incidents came and went.", s.Withheld)
		}
		return text
	}
	until := "until it is resolved"
	if !s.Until.IsZero() {
		until = "until " + moment(s.Until)
	}
	text := fmt.Sprintf("🔕 %s silenced **%s** %s.", who, what, until)
	if s.Reason != "" {
		text += " " + harmless(visible(s.Reason))
	}
	return text
}

// buttons are those below an incident; only its details stay once it is over.
func (n *Notifier) buttons(in alerts.Incident) []row {
	prefix := n.with.Prefix()
	say := func(label, line string, style int) button {
		return button{Type: componentButton, Style: style, Label: label, CustomID: sayPrefix + prefix + line}
	}
	details := say("Details", "alerts show "+in.ID, styleSecondary)
	if !in.Open() {
		return []row{{Type: componentRow, Buttons: []button{details}}}
	}
	first := say("Acknowledge", "alerts ack "+in.ID, stylePrimary)
	if in.Owner != nil {
		first = say("Give back", "alerts unack "+in.ID, styleSecondary)
	}
	rows := []row{{Type: componentRow, Buttons: []button{
		first,
		say("Silence 15 min", "silence "+in.ID+" 15m", styleSecondary),
		say("1 h", "silence "+in.ID+" 1h", styleSecondary),
		say("Until resolved", "silence "+in.ID+" until-resolved", styleSecondary),
		details,
	}}}
	if n.with.Steps == nil {
		return rows
	}
	return append(rows, offered(commands.Reply{Offers: n.with.Steps(in)})...)
}
