package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// talks are the channels of the load, and who speaks there.
var talks = []struct{ channel, who string }{{"#read", "ann"}, {"#write", "ben"}, {"#plan", "cy"}, {"#config", "dee"}}

// talk is one channel of the load, where somebody speaks once they are answered.
type talk struct {
	channel, who string

	words *rand.Rand // what is said: the same for a round's number
	moves *rand.Rand // how long they wait, and how often they press
	open  *ask       // nil: nobody waits for an answer
	count int
	next  time.Time
}

// load is what people say during a round.
type load struct {
	w     *world
	round int
	talks []*talk
	all   []*ask
	ruled bool // the round's own alert rule is set
}

func newLoad(w *world, round int) *load {
	l := &load{w: w, round: round}
	for i, t := range talks {
		source := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(uint64(round), 10*n+uint64(i))) }
		l.talks = append(l.talks, &talk{channel: t.channel, who: t.who, words: source(7), moves: source(8)})
	}
	return l
}

// rule is the round's own alert, which holds as soon as it is set.
func (l *load) rule() string { return fmt.Sprintf("chaos%d", l.round) }

// line answers what is said next in a channel.
func (l *load) line(t *talk, a *ask) string {
	switch t.channel {
	case "#read":
		return "!redis get known | sed 's/$/ " + a.mark + "/'"
	case "#write":
		return fmt.Sprintf("!redis set %s %s", a.mark, a.mark)
	case "#plan":
		return l.change(t, a)
	}
	if !l.ruled {
		return fmt.Sprintf("!config set 'alerts.rules=%s: memory_used_bytes > 0'", l.rule())
	}
	a.n = 10 + (l.round*100+a.nth)%9000
	return fmt.Sprintf("!config set redis.max_sessions_per_user=%d", a.n)
}

// change answers a line that plans something, or one time in three, where
// something is known to have been made, takes that back.
func (l *load) change(t *talk, a *ask) string {
	back, n := t.words.IntN(3) == 0, 2+t.words.IntN(1+t.words.IntN(1500))
	if back {
		if plan, id := l.undoable(); plan != nil {
			a.undoes, plan.undos = plan, append(plan.undos, a)
			return "!undo " + id
		}
	}
	a.n = n
	return fmt.Sprintf("!seq 1 %d | xargs -I {} redis append %s:{} %s.", a.n, a.mark, a.mark)
}

// mostUndos is how often somebody tries to take a change back.
const mostUndos = 2

// undoable answers the last plan that is reported as carried out, wholly or in
// part, and as not taken back yet, and the id of its change; nil if there is none.
func (l *load) undoable() (plan *ask, id string) {
	ops := l.w.In("#ops").Messages()
	for _, a := range slices.Backward(l.all) {
		if a.channel != "#plan" || a.n == 0 || len(a.undos) == mostUndos || a.takenBack() {
			continue
		}
		for _, report := range append([]string{a.text()}, interruptions(ops, a)...) {
			found := undoBy.FindStringSubmatch(report)
			if done, _ := number(howFar, report); done > 0 && found != nil {
				return a, found[1]
			}
		}
	}
	return nil, ""
}

// say says the next thing where nobody waits for an answer.
func (l *load) say() {
	for _, t := range l.talks {
		if t.open != nil || time.Now().Before(t.next) {
			continue
		}
		t.count++
		a := &ask{channel: t.channel, nth: t.count, mark: markOf(l.round, t.channel, t.count), at: time.Now()}
		a.said = l.w.As(t.who).Says(t.channel, l.line(t, a))
		t.open, l.all = a, append(l.all, a)
	}
}

// hear looks at what was answered, and presses what is to be pressed.
func (l *load) hear() {
	for _, t := range l.talks {
		a := t.open
		if a == nil {
			continue
		}
		l.look(a)
		stale := a.hasButton("Confirm") && a.rounds == maxRounds && time.Since(a.pressed) > 3*time.Second
		if a.hasButton("Confirm") && !stale && time.Since(a.pressed) > 3*time.Second {
			l.press(t)
		}
		if len(a.replies) > 0 && (stale || !a.hasButton("Confirm") && !a.hasButton("Stop")) {
			l.ruled = l.ruled || t.channel == "#config" && strings.Contains(a.text(), "(was ")
			t.leave()
		}
	}
}

// waiting answers what is not answered yet.
func (l *load) waiting() (open []*ask) {
	for _, t := range l.talks {
		if t.open != nil {
			open = append(open, t.open)
		}
	}
	return open
}

// lively is how often the message of a change that runs is edited, at least.
const lively = 15 * time.Second

// runs reports whether a change shows that it is under way.
func (l *load) runs() bool {
	for _, a := range l.waiting() {
		if a.hasButton("Stop") && (time.Since(a.replies[0].EditedAt) < lively || time.Since(a.replies[0].At) < lively) {
			return true
		}
	}
	return false
}

func (t *talk) leave() {
	t.open = nil
	t.next = time.Now().Add(time.Duration(50+t.moves.IntN(250)) * time.Millisecond)
}

// look reads the replies to an ask as they are now.
func (l *load) look(a *ask) {
	a.replies = nil
	for _, m := range l.w.In(a.channel).Messages() {
		if m.Author == "helix" && m.ReplyTo == a.said.ID && !m.Deleted {
			a.replies = append(a.replies, m)
		}
	}
}

// maxRounds is how often somebody presses again where nothing happens: a plan may
// lie with an instance that has ended, which is said to them alone.
const maxRounds = 3

// press confirms a plan, sometimes with a nervous finger.
func (l *load) press(t *talk) {
	a, who := t.open, l.w.As(t.who)
	a.pressed = time.Now()
	a.rounds++
	for range 1 + t.moves.IntN(2) {
		a.presses++
		who.ClicksAsSeen(a.replies[0], "Confirm")
	}
}
