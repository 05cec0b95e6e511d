package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/bot/discordtest"
)

// facts are what happened in a round, beside what was said.
type facts struct {
	kind  string // of the topology
	begun time.Time

	flushed, killed, stopped, paused, lateDiscord, outage bool

	succeeded bool      // a replica may have taken the place of a master that was ahead of it
	flushedAt time.Time // when that was over
	trouble   time.Time // when the first fault began; zero: not yet
	calm      time.Time // when each instance served sessions again; zero: not yet
	absent    absence
}

// absence is when an instance was away.
type absence struct {
	instance int
	from, to time.Time // zero: it was not
}

// gone tells whether instances ended or stood still in the round, so that
// somebody may be left without an answer.
func (f *facts) gone() bool { return f.killed || f.stopped || f.paused }

// judge holds a round, once all is quiet, against what was promised. It never
// changes anything but by what it says to Helix.
type judge struct {
	facts
	asks     []*ask
	calls    [][]*request // to the session service, of each back end in their order
	redis    redis.UniversalClient
	revision int64  // of the settings, the greatest that all servers had
	rule     string // the round's own alert; empty: it was not set

	ops      func() []*discordtest.Message                 // what stands in the ops channel now
	says     func(line string) string                      // to Helix, and what it answers
	accounts func() string                                 // what the instances know of changes that were interrupted
	wait     func(within time.Duration, ready func() bool) // until then, or until it is ready
	broken   func(format string, args ...any)              // a promise was not kept
	count    func(what string, n int)                      // what is no breach, and counted
}

// all judges everything.
func (j *judge) all() {
	j.judgeReplies()
	for _, a := range j.asks {
		switch {
		case a.channel == "#read":
			j.judgeRead(a)
		case a.channel == "#write":
			j.judgeWrite(a)
		case a.channel == "#plan" && a.undoes == nil:
			j.judgePlan(a)
		}
	}
	j.judgeSettings()
	j.judgeIncident(j.rule, j.rule != "")
	j.judgeIncident("server_down", j.outage)
	j.judgeSessions()
	j.judgeAudit()
}

// judgeReplies holds that everybody is answered, once.
func (j *judge) judgeReplies() {
	for _, a := range j.asks {
		switch n := len(a.replies); {
		case n == 0 && j.killed, n == 0 && j.stopped:
			j.count("unanswered by an instance that ended", 1)
		case n == 0 && j.forgot(a):
			j.count("unanswered, since a flush took what was claimed while an instance stood still", 1)
		case n == 0:
			j.broken("nobody answers %q", a.said.Content)
		case n == 2 && j.gone() && a.wasInterrupted():
			j.count("told of an interruption beside what shows the program", 1)
		case n > 1 && j.lateDiscord:
			j.count("doubled by a Discord that answered late", 1)
		case n > 1:
			var all []string
			for _, m := range a.replies {
				all = append(all, m.At.Format("05.000 ")+oneLine(m.Text()))
			}
			j.broken("%q is answered %d times: %q", a.said.Content, n, all)
		}
	}
}

// forgot reports whether something was said to an instance that stood still, and a
// flush took what it had claimed meanwhile: the next one cannot know whether that was
// done, and does nothing of what was said before the claims that Redis knows.
func (f *facts) forgot(a *ask) bool {
	return f.paused && f.flushed && a.at.Before(f.flushedAt) && f.absent.from.Before(f.flushedAt)
}

// judgeRead holds that an answer is the true one or owns up.
func (j *judge) judgeRead(a *ask) {
	text := a.text()
	switch {
	case text == "", strings.Contains(text, "as it was "+a.mark), ownsUp(text):
	case j.gone() && strings.Contains(text, "This was interrupted"):
	case j.flushed && strings.Contains(text, a.mark): // between the flush and what was put there again
	default:
		j.broken("%q is answered %q", a.said.Content, text)
	}
}

// excused tells whether something that was confirmed may be gone: flushed, or
// named as what no replica had.
func (j *judge) excused(text string) bool {
	if j.flushed {
		return true
	}
	_, named := number(unreplicated, text)
	if named {
		j.count("named as unreplicated, and lost", 1)
	}
	return named
}

// judgeWrite holds that a single write is there if it was said to be.
func (j *judge) judgeWrite(a *ask) {
	value, err := j.redis.Get(context.Background(), a.mark).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		j.broken("the judge cannot read: %v", err)
		return
	}
	text := a.text()
	done := strings.Contains(text, "OK") && !ownsUp(text)
	switch {
	case value != "" && value != a.mark:
		j.broken("%q left %q", a.said.Content, value)
	case done && value == "" && !j.excused(text):
		j.broken("%q was confirmed and is gone: %s", a.said.Content, oneLine(text))
	case !done && value != "" && strings.Contains(text, "Nothing was changed"):
		j.broken("%q was made, and the answer is %q", a.said.Content, oneLine(text))
	case !done && value != "":
		j.count("single writes made of which the answer is unsure", 1)
	}
}

// judgeSettings holds that what was set is in force, and that no revision is lost
// that all servers had.
func (j *judge) judgeSettings() {
	ctx := context.Background()
	revision, err := j.redis.HGet(ctx, configKey, "@revision").Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		j.broken("the judge cannot read: %v", err)
		return
	}
	if revision < j.revision {
		j.broken("the settings are at revision %d, and all servers had %d", revision, j.revision)
	}
	may, acked := j.mayBeSet()
	if !acked {
		return
	}
	is := j.says("!config get redis.max_sessions_per_user")
	if !slices.ContainsFunc(may, func(v string) bool { return strings.Contains(is, v) }) {
		j.broken("redis.max_sessions_per_user should be one of %q, and is %q; the store: %v", may, is, j.redis.HGetAll(ctx, configKey).Val())
	}
}

// mayBeSet answers which values may be in force; acked is false if none of them was
// confirmed.
func (j *judge) mayBeSet() (may []string, acked bool) {
	for _, a := range j.asks {
		if a.channel != "#config" || a.n == 0 {
			continue
		}
		switch text := a.text(); {
		case strings.Contains(text, "Not every replica has this yet"):
			j.count("settings named as unreplicated", 1)
			may = append(may, fmt.Sprint(a.n))
		case strings.Contains(text, fmt.Sprintf("%d (was ", a.n)) && !ownsUp(text):
			may, acked = []string{fmt.Sprint(a.n)}, true
		default:
			may = append(may, fmt.Sprint(a.n)) // it may have been made
		}
	}
	return may, acked
}

// judgeIncident holds that what was wrong in the round is shown, once.
func (j *judge) judgeIncident(rule string, was bool) {
	if !was {
		return
	}
	shown := func() (n int) {
		for _, m := range j.ops() {
			if m.Author == "helix" && strings.Contains(m.Text(), "· "+rule+" ·") && (m.At.After(j.begun) || m.EditedAt.After(j.begun)) {
				n++
			}
		}
		return n
	}
	j.wait(patience, func() bool { return shown() > 0 })
	switch n := shown(); {
	case n == 0:
		j.broken("the incident %s is lost", rule)
	case n > 1 && j.lateDiscord:
		j.count("incidents doubled by a Discord that answered late", n-1)
	case n > 1:
		j.broken("the incident %s is shown %d times", rule, n)
	}
	j.count("incidents", 1)
}

// judgeAudit holds that the record is whole, once the instance that speaks has had
// time to write what waited for Redis, and to say in it what a failover took.
func (j *judge) judgeAudit() {
	said := ""
	j.wait(slowAccount, func() bool {
		said = j.says("!audit verify")
		return strings.Contains(said, "Intact") && !strings.Contains(said, "Broken")
	})
	if !strings.Contains(said, "Intact") || strings.Contains(said, "Broken") {
		j.broken("the audit: %s", oneLine(said))
	}
}
