package chaos

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/helix-collective/helix/bot/discordtest"
)

// ask is something that was said to Helix, and what came of it.
type ask struct {
	channel string
	mark    string // unique; in a plan's keys and values, too
	n       int    // of a plan: how many commands; of config: the value
	said    *discordtest.Message
	at      time.Time
	replies []*discordtest.Message // as they are now
	pressed time.Time              // Confirm, last
	presses int
	rounds  int       // of presses
	settled time.Time // zero: nobody has answered yet
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

// load is what people say during a round.
type load struct {
	w      *world
	random *rand.Rand
	round  int
	open   map[string]*ask // by channel
	all    []*ask
	next   map[string]time.Time
	count  int
	ruled  bool // the round's own alert rule is set
}

func newLoad(w *world, round int) *load {
	return &load{w: w, random: rand.New(rand.NewPCG(uint64(round), 7)), round: round, open: make(map[string]*ask), next: make(map[string]time.Time)}
}

// rule is the round's own alert, which holds as soon as it is set.
func (l *load) rule() string { return fmt.Sprintf("chaos%d", l.round) }

// line answers what is said next in a channel.
func (l *load) line(a *ask) string {
	switch a.channel {
	case "#read":
		return "!redis get known | sed 's/$/ " + a.mark + "/'"
	case "#write":
		return fmt.Sprintf("!redis set %s %s", a.mark, a.mark)
	case "#plan":
		a.n = 2 + l.random.IntN(1+l.random.IntN(1500))
		return fmt.Sprintf("!seq 1 %d | xargs -I {} redis append %s:{} %s.", a.n, a.mark, a.mark)
	}
	if !l.ruled {
		return fmt.Sprintf("!config set 'alerts.rules=%s: memory_used_bytes > 0'", l.rule())
	}
	a.n = 10 + (l.round*100+l.count)%9000
	return fmt.Sprintf("!config set redis.max_sessions_per_user=%d", a.n)
}

// say says the next thing where nobody waits for an answer.
func (l *load) say() {
	for channel, who := range talks {
		if l.open[channel] != nil || time.Now().Before(l.next[channel]) {
			continue
		}
		l.count++
		a := &ask{channel: channel, mark: fmt.Sprintf("chaos-%d-%d", l.round, l.count), at: time.Now()}
		a.said = l.w.As(who).Says(channel, l.line(a))
		l.open[channel], l.all = a, append(l.all, a)
	}
}

// hear looks at what was answered, and presses what is to be pressed.
func (l *load) hear() {
	for channel, a := range l.open {
		l.look(a)
		stale := a.hasButton("Confirm") && a.rounds == maxRounds && time.Since(a.pressed) > 3*time.Second
		if a.hasButton("Confirm") && !stale && time.Since(a.pressed) > 3*time.Second {
			l.press(a)
		}
		if len(a.replies) > 0 && (stale || !a.hasButton("Confirm") && !a.hasButton("Stop")) {
			a.settled = time.Now()
			l.ruled = l.ruled || channel == "#config" && strings.Contains(a.text(), "(was ")
			l.leave(channel)
		}
	}
}

// lively is how often the message of a change that runs is edited, at least.
const lively = 15 * time.Second

// runs reports whether a change shows that it is under way.
func (l *load) runs() bool {
	for _, a := range l.open {
		if a.hasButton("Stop") && (time.Since(a.replies[0].EditedAt) < lively || time.Since(a.replies[0].At) < lively) {
			return true
		}
	}
	return false
}

func (l *load) leave(channel string) {
	delete(l.open, channel)
	l.next[channel] = time.Now().Add(time.Duration(50+l.random.IntN(250)) * time.Millisecond)
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
func (l *load) press(a *ask) {
	who := l.w.As(talks[a.channel])
	a.pressed = time.Now()
	a.rounds++
	for range 1 + l.random.IntN(2) {
		a.presses++
		who.ClicksAsSeen(a.replies[0], "Confirm")
	}
}

var (
	howFar       = regexp.MustCompile(`([0-9,]+) of [0-9,]+ commands(?: (?:were|was))? carried out`)
	unreplicated = regexp.MustCompile(`Not every replica has confirmed the last ([0-9,]+) commands? yet`)
	unknownYet   = regexp.MustCompile(`of the last ([0-9,]+) commands? it is not known yet|Of ([0-9,]+) more it is not known`)
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
