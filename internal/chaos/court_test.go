package chaos

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// judge answers who judges the round.
func (r *round) judge() *judge {
	j := &judge{facts: r.facts, asks: r.load.all, redis: r.ground.judge, revision: r.watch.greatest(), count: r.sum.count,
		ops:      r.In("#ops").Messages,
		says:     func(line string) string { return r.asks(context.Background(), line) },
		accounts: r.accounts,
		wait: func(within time.Duration, ready func() bool) {
			for end := time.Now().Add(within); !ready() && time.Now().Before(end); tick() {
			}
		},
		broken: func(format string, args ...any) {
			r.wrong = true
			r.t.Errorf("round %d (%s): %s", r.number, r.kind, fmt.Sprintf(format, args...))
		},
	}
	if r.load.ruled {
		j.rule = r.load.rule()
	}
	for _, v := range r.visitors.all {
		j.calls = append(j.calls, v.calls)
	}
	return j
}

func (r *round) judgeAll() {
	for _, a := range r.load.all {
		r.load.look(a)
	}
	if r.judge().all(); r.wrong {
		r.explain()
	}
}

// accounts answers what all instances have told so far of changes that were
// interrupted, who tell it once.
func (r *round) accounts() string {
	for _, one := range r.instances {
		r.told += one.accounts()
	}
	return r.told
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
