package soak

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/bot/discordtest"
)

const (
	judged   = 4 * time.Second // after it was said, whatever comes later would be a second answer
	patience = time.Minute     // with an answer
	shown    = 500             // bytes of an answer that a fault shows
)

// awaited is something that was said, until it is judged.
type awaited struct {
	topic
	by      *discordtest.Person
	message *discordtest.Message
	at      time.Time
	pressed *discordtest.Interaction

	pressedAt time.Time
}

// answers are the bot's messages by what they answer.
type answers map[string][]*discordtest.Message

func (w *world) answers() answers {
	found := make(answers)
	for i := range channels {
		for _, m := range w.In(channelName(i)).Messages() {
			if m.ReplyTo != "" && m.AuthorID == w.discord.BotID() {
				found[m.ReplyTo] = append(found[m.ReplyTo], m)
			}
		}
	}
	return found
}

// press presses the button that is due, once the answer has it, and again where
// there was no room for it; it reports whether it did.
func (a *awaited) press(all answers) bool {
	got := all[a.message.ID]
	if a.topic.press == "" || len(got) != 1 || a.pressed != nil && !a.turnedAway() {
		return false
	}
	has := func(b discordtest.Button) bool { return b.Label == a.topic.press && !b.Disabled }
	if !slices.ContainsFunc(got[0].Buttons(), has) {
		return false
	}
	a.pressed, a.pressedAt = a.by.Clicks(got[0], a.topic.press), time.Now()
	return true
}

// turnedAway reports whether there was no room for the press, or no answer to it
// within the time that Discord gives.
func (a *awaited) turnedAway() bool {
	answered, messages := a.pressed.Answers()
	return !answered && time.Since(a.pressedAt) > judged ||
		slices.ContainsFunc(messages, func(m *discordtest.Message) bool { return refusedInWords(m.Text()) })
}

// verdict judges what was said by its answers: open means not yet, fault what is
// wrong with them.
func (a *awaited) verdict(all answers, now time.Time) (open bool, limited bool, fault string) {
	age := now.Sub(a.at)
	got := all[a.message.ID]
	switch {
	case len(got) > 1:
		return false, false, fmt.Sprintf("%d answers", len(got))
	case age < judged:
		return true, false, ""
	case a.silent && len(got) == 0:
		return false, false, ""
	case len(got) == 1 && refusedInWords(got[0].Text()):
		return false, true, ""
	case a.silent:
		return false, false, "an answer to what was not for helix: " + clip(got[0].Text())
	case len(got) == 1 && strings.Contains(got[0].Text(), a.then) && (a.pressed != nil || strings.Contains(got[0].Text(), a.sees)) && (a.topic.press == "" || a.pressed != nil):
		return false, false, ""
	case age < patience:
		return true, false, ""
	case len(got) == 0:
		return false, false, "no answer"
	}
	return false, false, "the answer is " + clip(got[0].Text())
}

func clip(text string) string { return text[:min(len(text), shown)] }

// used is an interaction that is waited for.
type used struct {
	what string
	at   time.Time
	is   *discordtest.Interaction
}

// verdict judges an interaction: it is acknowledged, and answered once, or late: on a
// machine at other work it may take more than the 3 s that Discord gives, and its
// author reads that there was no answer.
func (u used) verdict(now time.Time) (open, late bool, fault string) {
	answered, messages := u.is.Answers()
	switch {
	case len(messages) > 1:
		return false, false, fmt.Sprintf("%d answers", len(messages))
	case now.Sub(u.at) < judged:
		return true, false, ""
	case answered && len(messages) == 1:
		return false, false, ""
	case !answered:
		return false, true, ""
	case now.Sub(u.at) < patience:
		return true, false, ""
	}
	return false, false, "it was acknowledged, and nothing came"
}
