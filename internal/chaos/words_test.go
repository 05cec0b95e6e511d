package chaos

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/helix-collective/helix/bot/discordtest"
)

// What Helix says of a change. An undo has no number of commands that it planned,
// which tells it from what it takes back where both are named by the same line.
var (
	howFar       = regexp.MustCompile(`([0-9,]+) of [0-9,]+ commands(?: (?:were|was))? carried out`)
	howFarBack   = regexp.MustCompile(`interrupted: ([0-9,]+) commands? (?:were|was) carried out`)
	unreplicated = regexp.MustCompile(`Not every replica has confirmed the last ([0-9,]+) commands? yet`)
	unknownYet   = regexp.MustCompile(`of the last ([0-9,]+) commands? it is not known yet|Of ([0-9,]+) more it is not known`)
	cameBack     = regexp.MustCompile(`came back without the last ([0-9,]+) commands?`)
	asBefore     = regexp.MustCompile(`([0-9,]+) (?:is|are) as before "`)
	undoBy       = regexp.MustCompile("`!undo ([a-z0-9]+)` takes (?:it back|back what was made)")
	undoGoesOn   = regexp.MustCompile("`!undo [a-z0-9]+` goes on")
	changeID     = regexp.MustCompile(`Change ([a-z0-9]+) of `)
)

// number answers the first number that a pattern finds in a text.
func number(pattern *regexp.Regexp, text string) (n int, ok bool) {
	for _, found := range pattern.FindStringSubmatch(text)[min(1, len(pattern.FindStringSubmatch(text))):] {
		if found != "" {
			n, err := strconv.Atoi(strings.ReplaceAll(found, ",", ""))
			return n, err == nil
		}
	}
	return 0, false
}

// interruptions answers the lines in what Helix said that tell of a plan, or of
// its undo, as interrupted, or as one whose answer its instance could not send.
func interruptions(said []*discordtest.Message, plan *ask) (lines []string) {
	for _, m := range said {
		if m.Author == "helix" {
			lines = append(lines, linesWith(m.Text(), plan.mark+":", "interrupted: ")...)
			lines = append(lines, linesWith(m.Text(), plan.mark+":", "could not be sent, ")...)
		}
	}
	return lines
}

// linesWith answers the lines that contain all the parts.
func linesWith(text string, parts ...string) (lines []string) {
	for line := range strings.Lines(text) {
		if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) }) {
			lines = append(lines, line)
		}
	}
	return lines
}

// ownsUp reports whether a reply says in words that Redis could not be used.
func ownsUp(text string) bool {
	for _, words := range []string{"does not answer", "went away", "is not known yet", "came back without", "Redis is still loading", "was not run", "Send it again",
		"Redis at", "being stopped", "replica that takes no writes", "did not come through", "Cluster"} {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}

func clip(text string) string {
	const most = 400
	if len(text) <= most {
		return text
	}
	return text[:most/4] + " … " + text[len(text)-most*3/4:]
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
