package chaos

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/bot/discordtest"
)

// ask is something that was said to Helix, and what came of it.
type ask struct {
	channel string
	mark    string // unique; in a plan's keys and values, too
	nth     int    // that was said in its channel
	n       int    // of a plan: how many commands; of config: the value
	undoes  *ask   // the plan that it takes back; nil: it is none of that
	undos   []*ask // of a plan: what was to take it back
	said    *discordtest.Message
	at      time.Time
	replies []*discordtest.Message // as they are now
	pressed time.Time              // Confirm, last
	presses int
	rounds  int // of presses
}

func (a *ask) text() string {
	if len(a.replies) == 0 {
		return ""
	}
	return a.replies[0].Text()
}

// hasButton reports whether the first reply has a button.
func (a *ask) hasButton(label string) bool {
	for _, r := range a.replies[:min(1, len(a.replies))] {
		for _, b := range r.Buttons() {
			if b.Label == label {
				return true
			}
		}
	}
	return false
}

// takenBack reports whether a plan is said to be taken back wholly.
func (a *ask) takenBack() bool {
	return slices.ContainsFunc(a.undos, func(u *ask) bool {
		_, told := number(asBefore, u.text())
		return told && !undoGoesOn.MatchString(u.text())
	})
}

// isSilent reports whether nothing is shown of what becomes of an ask.
func (a *ask) isSilent() bool { return !a.hasButton("Stop") }

// wasInterrupted reports whether the first reply shows a program that was interrupted,
// and the second says so.
func (a *ask) wasInterrupted() bool {
	return a.hasButton("Stop") && strings.Contains(a.replies[1].Text(), "This was interrupted")
}

// markOf is what tells the nth thing that is said in a channel from all others,
// where something stands behind it that is no digit.
func markOf(round int, channel string, nth int) string {
	return fmt.Sprintf("chaos-%d-%c%d", round, channel[1], nth)
}
