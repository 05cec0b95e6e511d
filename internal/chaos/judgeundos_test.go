package chaos

import (
	"slices"
	"strings"
)

// takenBack is how many commands of a plan are said to be taken back.
type takenBack struct {
	least, most int
	lost        int // of the undo's own commands, named as what no replica had
	unsaid      bool
}

// judgeUndone holds the report of a plan and those of its undos against how many of
// its commands Redis has.
func (j *judge) judgeUndone(a *ask, made int, report string) {
	done, _ := number(howFar, report)
	unsure, _ := number(unknownYet, report)
	lost, _ := number(unreplicated, report)
	back := j.takenBack(a)
	said := func() string {
		texts := []string{oneLine(report)}
		for _, u := range a.undos {
			texts = append(texts, u.said.Content+" → "+clip(oneLine(u.text())))
		}
		return strings.Join(append(texts, j.interruptions(a)...), " | ")
	}
	switch {
	case made > max(done+unsure-back.least, 0)+back.lost:
		j.broken("%d commands of %q are there, %d (%d unsure) were made, and at least %d said to be taken back (%d named as unreplicated): %s",
			made, a.said.Content, done, unsure, back.least, back.lost, said())
	case j.flushed, back.unsaid:
	case made < done-lost-back.most:
		j.broken("%d commands of %q are there, %d (%d named as unreplicated) were made, and at most %d said to be taken back: %s",
			made, a.said.Content, done, lost, back.most, said())
	}
	j.count("plans taken back wholly", one(made == 0 && back.least >= done))
	j.count("plans taken back in part, and accounted for", one(made > 0 && back.most > 0))
	j.count("undos that came to nothing, and say so", one(back.most == 0 && !back.unsaid))
	j.count("undos of which nothing is known", one(back.unsaid))
}

// takenBack adds up what the undos of a plan say. A later one counts again what an
// earlier one took back.
func (j *judge) takenBack(a *ask) (sum takenBack) {
	for _, u := range a.undos {
		b := j.undone(u)
		sum.least, sum.most, sum.lost = max(sum.least, b.least), sum.most+b.most, max(sum.lost, b.lost)
		sum.unsaid = sum.unsaid || b.unsaid
	}
	if done, open := j.undosInterrupted(a); done+open > 0 {
		sum.least, sum.most, sum.unsaid = max(sum.least, done), sum.most+done+open, false
		j.count("undos that were interrupted, and accounted for", 1)
	}
	return sum
}

// undone reads the answer to an undo.
func (j *judge) undone(u *ask) (b takenBack) {
	text := u.text()
	n, told := number(asBefore, text)
	gone, _ := number(cameBack, text)
	open, _ := number(unknownYet, text)
	b.lost, _ = number(unreplicated, text)
	switch {
	case told:
		b.least, b.most = max(n-gone-open, 0), n+open
	case !slices.ContainsFunc(refusals, func(words string) bool { return strings.Contains(text, words) }):
		b.unsaid = true
	}
	return b
}

// refusals are words of an undo that did nothing.
var refusals = []string{"There is no change ", "There was nothing to take back", "Nothing was changed", "was not run", "is still being made", "Send it again"}

// undosInterrupted answers how many commands undos of a plan are said to have made
// that were interrupted, and how many it is not known of.
func (j *judge) undosInterrupted(a *ask) (done, open int) {
	var lines []string
	others := func(line string) bool { return !howFarBack.MatchString(line) }
	find := func() bool {
		lines = slices.DeleteFunc(j.interruptions(a), others)
		return len(lines) > 0
	}
	if silent := slices.ContainsFunc(a.undos, func(u *ask) bool { return j.undone(u).unsaid }); !find() && silent {
		if j.gone() {
			j.wait(slowAccount, find)
		}
		lines = append(lines, slices.DeleteFunc(linesWith(j.accounts(), a.mark+":", "interrupted: "), others)...)
	}
	told := make(map[string]bool)
	for _, line := range lines {
		id := ""
		if found := changeID.FindStringSubmatch(line); found != nil {
			id = found[1]
		}
		if told[id] {
			continue
		}
		told[id] = true
		n, _ := number(howFarBack, line)
		unsure, _ := number(unknownYet, line)
		done, open = done+n, open+unsure
	}
	return done, open
}
