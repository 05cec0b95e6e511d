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

// broken says that a promise was not kept, with all that it takes to look into it.
func (r *round) broken(format string, args ...any) {
	r.t.Helper()
	r.t.Errorf("round %d (%s): %s", r.number, r.ground.kind, fmt.Sprintf(format, args...))
}

// explain shows what happened in a round that went wrong.
func (r *round) explain() {
	var b strings.Builder
	fmt.Fprintf(&b, "again: %s=%d %s=1 go test ./internal/chaos -run Chaos -v\n", chaosSeed, r.number, chaosRounds)
	for _, f := range r.faults {
		fmt.Fprintln(&b, f)
	}
	fmt.Fprintln(&b, strings.Join(r.notes, "\n"))
	for _, a := range r.load.all {
		fmt.Fprintf(&b, "%6.3f s  %s %s → %d replies, %d presses: %s\n", a.at.Sub(r.begun).Seconds(), a.channel, a.said.Content, len(a.replies), a.presses, clip(oneLine(a.text())))
	}
	fmt.Fprintf(&b, "#ops:\n%s\n%s", r.In("#ops").Transcript(), r.logs())
	r.t.Log(b.String())
}

func clip(text string) string {
	const most = 400
	if len(text) <= most {
		return text
	}
	return text[:most/4] + " … " + text[len(text)-most*3/4:]
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// judgeAll holds a quiet world against what was promised.
func (r *round) judgeAll() {
	failed := r.t.Failed()
	r.judgeReplies()
	for _, a := range r.load.all {
		switch a.channel {
		case "#read":
			r.judgeRead(a)
		case "#write":
			r.judgeWrite(a)
		case "#plan":
			r.judgePlan(a)
		}
	}
	r.judgeSettings()
	r.judgeIncident(r.load.rule(), r.load.ruled)
	r.judgeIncident("server_down", r.outage)
	r.judgeAudit()
	if !failed && r.t.Failed() {
		r.explain()
	}
}

// gone tells whether instances ended or stood still in the round, so that
// somebody may be left without an answer.
func (r *round) gone() bool { return r.killed || r.stopped || r.paused }

// judgeReplies holds that everybody is answered, once.
func (r *round) judgeReplies() {
	for _, a := range r.load.all {
		r.load.look(a)
		switch n := len(a.replies); {
		case n == 0 && r.killed, n == 0 && r.stopped:
			r.sum.count("unanswered by an instance that ended", 1)
		case n == 0:
			r.broken("nobody answers %q", a.said.Content)
		case n > 1 && r.lateDiscord:
			r.sum.count("doubled by a Discord that answered late", 1)
		case n > 1:
			var all []string
			for _, m := range a.replies {
				all = append(all, m.At.Format("05.000 ")+oneLine(m.Text()))
			}
			r.broken("%q is answered %d times: %q", a.said.Content, n, all)
		}
	}
}

// judgeRead holds that an answer is the true one or owns up.
func (r *round) judgeRead(a *ask) {
	text := a.text()
	switch {
	case text == "", strings.Contains(text, "as it was "+a.mark), ownsUp(text):
	case r.gone() && strings.Contains(text, "This was interrupted"):
	case r.flushed && strings.Contains(text, a.mark): // between the flush and what was put there again
	default:
		r.broken("%q is answered %q", a.said.Content, text)
	}
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

// excused tells whether something that was confirmed may be gone: flushed, or
// named as what no replica had.
func (r *round) excused(text string) bool {
	if r.flushed {
		return true
	}
	_, named := number(unreplicated, text)
	if named {
		r.sum.count("named as unreplicated, and lost", 1)
	}
	return named
}

// judgeWrite holds that a single write is there if it was said to be.
func (r *round) judgeWrite(a *ask) {
	value, err := r.ground.judge.Get(context.Background(), a.mark).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		r.t.Fatalf("round %d: the judge cannot read: %v", r.number, err)
	}
	text := a.text()
	done := strings.Contains(text, "OK") && !ownsUp(text)
	switch {
	case value != "" && value != a.mark:
		r.broken("%q left %q", a.said.Content, value)
	case done && value == "" && !r.excused(text):
		r.broken("%q was confirmed and is gone: %s", a.said.Content, oneLine(text))
	case !done && value != "" && strings.Contains(text, "Nothing was changed"):
		r.broken("%q was made, and the answer is %q", a.said.Content, oneLine(text))
	case !done && value != "":
		r.sum.count("single writes made of which the answer is unsure", 1)
	}
}

// judgePlan holds the report of a plan against what Redis has, and that nothing
// was done twice.
func (r *round) judgePlan(a *ask) {
	if a.n == 0 || a.presses == 0 {
		return
	}
	made, twice := r.effects(a)
	if twice > 0 {
		r.broken("%d of %d commands of %q were carried out twice", twice, a.n, a.said.Content)
	}
	report := r.report(a)
	done, ok := number(howFar, report)
	unsure, _ := number(unknownYet, report)
	lost, _ := number(unreplicated, report)
	switch {
	case !ok && made > 0:
		r.broken("%d of %d commands of %q were carried out, and nobody says so: %q", made, a.n, a.said.Content, oneLine(report))
	case made > done+unsure:
		r.broken("%d commands of %q were carried out, reported are %d (%d unsure): %s", made, a.said.Content, done, unsure, oneLine(report))
	case made < done && r.flushed:
	case made < done-lost:
		r.broken("%d commands of %q are there, reported are %d (%d named as unreplicated): %s", made, a.said.Content, done, lost, oneLine(report))
	case made < done:
		r.sum.count("commands named as unreplicated, and lost", done-made)
	}
	r.sum.count("plans carried out wholly", one(made == a.n))
	r.sum.count("plans carried out in part, and accounted for", one(made > 0 && made < a.n))
}

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// effects counts the commands of a plan that Redis has, and those that it has
// more than once.
func (r *round) effects(a *ask) (made, twice int) {
	ctx := context.Background()
	found := make([]*redis.StringCmd, a.n)
	_, err := r.ground.judge.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range found {
			found[i] = p.Get(ctx, fmt.Sprintf("%s:%d", a.mark, i+1))
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		r.t.Fatalf("round %d: the judge cannot read: %v", r.number, err)
	}
	for _, c := range found {
		switch strings.Count(c.Val(), a.mark+".") {
		case 0:
		case 1:
			made++
		default:
			made, twice = made+1, twice+1
		}
	}
	return made, twice
}

// report answers what was said last of a plan: in its message, or by the next
// process of an instance that ended in the middle, in the ops channel or to
// whoever asks it.
func (r *round) report(a *ask) string {
	text := a.text()
	_, told := number(howFar, text)
	_, open := number(unknownYet, text)
	if told && !open {
		return text
	}
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); tick() {
		if said := r.interrupted(a); said != "" {
			return said
		}
		if !open && !r.gone() {
			break
		}
	}
	for _, one := range r.instances {
		r.accounts += one.accounts()
	}
	if said := lineWith(r.accounts, a.mark, "interrupted: "); said != "" {
		r.sum.count("interrupted changes that only their own instance tells of", 1)
		return said
	}
	return text
}

// interrupted answers what the ops channel says of a plan that was interrupted.
func (r *round) interrupted(a *ask) string {
	for _, m := range r.In("#ops").Messages() {
		if said := lineWith(m.Text(), a.mark, "interrupted: "); m.Author == "helix" && said != "" {
			return said
		}
	}
	return ""
}

// lineWith answers the first line that contains all the parts.
func lineWith(text string, parts ...string) string {
	for line := range strings.Lines(text) {
		if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(line, part) }) {
			return line
		}
	}
	return ""
}

// judgeSettings holds that what was set is in force, and that no revision is lost
// that all servers had.
func (r *round) judgeSettings() {
	ctx := context.Background()
	revision, err := r.ground.judge.HGet(ctx, configKey, "@revision").Int64()
	if err != nil && !errors.Is(err, redis.Nil) {
		r.t.Fatalf("round %d: the judge cannot read: %v", r.number, err)
	}
	if was := r.watch.greatest(); revision < was {
		r.broken("the settings are at revision %d, and all servers had %d", revision, was)
	}
	var may []string // once one of them was confirmed
	acked := false
	for _, a := range r.load.all {
		if a.channel != "#config" || a.n == 0 {
			continue
		}
		switch text := a.text(); {
		case strings.Contains(text, "Not every replica has this yet"):
			r.sum.count("settings named as unreplicated", 1)
			may = append(may, fmt.Sprint(a.n))
		case strings.Contains(text, fmt.Sprintf("%d (was ", a.n)) && !ownsUp(text):
			may, acked = []string{fmt.Sprint(a.n)}, true
		default:
			may = append(may, fmt.Sprint(a.n)) // it may have been made
		}
	}
	is := r.asks(ctx, "!config get redis.max_sessions_per_user")
	shows := func(v string) bool { return strings.Contains(is, v) }
	switch {
	case !acked, slices.ContainsFunc(may, shows):
	default:
		r.broken("redis.max_sessions_per_user should be one of %q, and is %q; the store: %v", may, is, r.ground.judge.HGetAll(ctx, configKey).Val())
	}
}

// judgeIncident holds that what was wrong in the round is shown, once.
func (r *round) judgeIncident(rule string, was bool) {
	if !was {
		return
	}
	shown := func() (n int) {
		for _, m := range r.In("#ops").Messages() {
			if m.Author == "helix" && strings.Contains(m.Text(), "· "+rule+" ·") && (m.At.After(r.begun) || m.EditedAt.After(r.begun)) {
				n++
			}
		}
		return n
	}
	for end := time.Now().Add(patience); shown() == 0 && time.Now().Before(end); {
		tick()
	}
	switch n := shown(); {
	case n == 0:
		r.broken("the incident %s is lost", rule)
	case n > 1 && r.lateDiscord:
		r.sum.count("incidents doubled by a Discord that answered late", n-1)
	case n > 1:
		r.broken("the incident %s is shown %d times", rule, n)
	}
	r.sum.count("incidents", 1)
}

// judgeAudit holds that the record is whole.
func (r *round) judgeAudit() {
	said := r.asks(context.Background(), "!audit verify")
	if !strings.Contains(said, "Intact") || strings.Contains(said, "Broken") {
		r.broken("the audit: %s", oneLine(said))
	}
}
