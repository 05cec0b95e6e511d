package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// judgePlan holds the reports of a plan, and of what was to take it back, against
// what Redis has, and that nothing was done twice.
func (j *judge) judgePlan(a *ask) {
	if a.n == 0 || a.presses == 0 {
		return
	}
	found, ok := j.effects(a)
	if !ok {
		return
	}
	if found.twice > 0 {
		j.broken("%d of %d commands of %q were carried out twice", found.twice, a.n, a.said.Content)
	}
	if len(found.other) > 0 {
		j.broken("%q and %d undos left what is neither as before nor as after: %s", a.said.Content, len(a.undos), clip(strings.Join(found.other, ", ")))
	}
	report := j.report(a)
	if len(a.undos) > 0 {
		j.judgeUndone(a, found.made, report)
		return
	}
	j.judgeMade(a, found.made, report)
}

// judgeMade holds the report of a plan that nobody took back against how many of its
// commands Redis has.
func (j *judge) judgeMade(a *ask, made int, report string) {
	done, ok := number(howFar, report)
	unsure, _ := number(unknownYet, report)
	lost, _ := number(unreplicated, report)
	switch {
	case !ok && made > 0:
		j.broken("%d of %d commands of %q were carried out, and nobody says so: %q", made, a.n, a.said.Content, oneLine(report))
	case made > done+unsure:
		j.broken("%d commands of %q were carried out, reported are %d (%d unsure): %s", made, a.said.Content, done, unsure, oneLine(report))
	case made < done && j.flushed:
	case made < done-lost:
		j.broken("%d commands of %q are there, reported are %d (%d named as unreplicated): %s", made, a.said.Content, done, lost, oneLine(report))
	case made < done:
		j.count("commands named as unreplicated, and lost", done-made)
	}
	j.count("plans carried out wholly", one(made == a.n))
	j.count("plans carried out in part, and accounted for", one(made > 0 && made < a.n))
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// effects are what a plan, and what took it back, left in Redis.
type effects struct {
	made, twice int      // commands that Redis has, and those that it has more than once
	other       []string // keys with what they hold, where it is neither as before nor as after
}

// effects reads all keys of a plan; ok is false if that cannot be.
func (j *judge) effects(a *ask) (is effects, ok bool) {
	ctx := context.Background()
	found := make([]*redis.StringCmd, a.n)
	_, err := j.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range found {
			found[i] = p.Get(ctx, a.key(i+1))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		j.broken("the judge cannot read: %v", err)
		return is, false
	}
	for i, c := range found {
		is.add(j, a, i+1, c.Val())
	}
	return is, true
}

// add takes in what the nth key holds.
func (e *effects) add(j *judge, a *ask, n int, value string) {
	command := a.mark + "."
	switch times := strings.Count(value, command); {
	case times > 1:
		e.made, e.twice = e.made+1, e.twice+1
		return
	case times == 1:
		e.made++
	}
	was, rest := a.earlier(n), strings.Replace(value, command, "", 1)
	if rest != was && (rest != "" || !j.flushed) {
		e.other = append(e.other, fmt.Sprintf("%s: %q", a.key(n), value))
	}
}

// report answers what was said last of a plan: in its message, or by the next
// process of an instance that ended in the middle, in the ops channel or to
// whoever asks it.
func (j *judge) report(a *ask) string {
	text := a.text()
	_, told := number(howFar, text)
	_, open := number(unknownYet, text)
	if told && !open {
		return text
	}
	said := ""
	if open || j.gone() {
		j.wait(slowAccount, func() bool { said = j.interrupted(a); return said != "" })
	} else {
		said = j.interrupted(a)
	}
	if said != "" {
		return said
	}
	if said := firstWith(linesWith(j.accounts(), a.mark+":", "interrupted: "), howFar.MatchString); said != "" {
		j.count("interrupted changes that only their own instance tells of", 1)
		return said
	}
	return text
}

// slowAccount is how long it may take until an instance tells of a change that was
// interrupted.
const slowAccount = 10 * time.Second

// interrupted answers what was said of a plan that was interrupted, in the ops
// channel or to whoever asked to take something back.
func (j *judge) interrupted(a *ask) string {
	return firstWith(j.interruptions(a), howFar.MatchString)
}

// interruptions answers all that was said of a plan, or of its undos, as interrupted.
func (j *judge) interruptions(a *ask) []string {
	lines := interruptions(j.ops(), a)
	for _, other := range j.asks {
		if other.undoes != nil {
			lines = append(lines, interruptions(other.replies, a)...)
		}
	}
	return lines
}

func firstWith(lines []string, is func(string) bool) string {
	if i := slices.IndexFunc(lines, is); i >= 0 {
		return lines[i]
	}
	return ""
}
