package main

import (
	"slices"
	"sync"
	"testing"

	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/bot/discordtest"
)

// trouble is one rule's trouble, made for real.
type trouble struct {
	rule string
	says string // in its message, beside what the rule watches
	make func(t *testing.T)
	// mend ends it; shown is its message.
	mend func(t *testing.T, shown *discordtest.Message)
}

// waves are troubles that do not get in each other's way, and then more of them.
type waves [][]trouble

// provoking is a place, a Redis and a Helix between them.
type provoking struct {
	*place
	helix    *instance
	provoked map[string]bool // by the rule
}

// newProvoking launches a Helix that looks every second and fires at once. What a
// place is not about is off.
func newProvoking(t *testing.T, url string, more ...string) *provoking {
	t.Helper()
	p := &provoking{place: newChangingPlace(t, "read, write, destroy, configure, admin, alerts", ""), provoked: make(map[string]bool)}
	p.helix = p.launch(t, append([]string{"REDIS_URL=" + url, "HELIX_ALERTS_INTERVAL=1", "HELIX_ALERTS_HOLD=0"}, more...)...)
	p.discord.Gateway().AwaitReady(1)
	return p
}

// through goes through waves: each trouble is seen in the channel, and seen to be over.
func (p *provoking) through(t *testing.T, all waves) {
	t.Helper()
	for _, wave := range all {
		shown := make([]*discordtest.Message, len(wave))
		for _, one := range wave {
			one.make(t)
		}
		for i, one := range wave {
			shown[i] = p.fires(t, one)
		}
		for i, one := range wave {
			one.mend(t, shown[i])
		}
		for i := range wave {
			shown[i].Becomes("resolved after")
		}
	}
}

// fires waits until a trouble is shown with what can be done about it.
func (p *provoking) fires(t *testing.T, one trouble) *discordtest.Message {
	t.Helper()
	rule := ruleOf(t, one.rule)
	shown := p.In("#ops").Sees(rule.Summary, one.says, "firing", string(rule.Severity))
	if got := len(shown.Buttons()); got < 5 {
		t.Errorf("%s: it has %d buttons", one.rule, got)
	}
	p.provoked[one.rule] = true
	return shown
}

// set changes a setting from the channel.
func (p *provoking) set(t *testing.T, assignment string) {
	t.Helper()
	p.As("ann").Says("#ops", "!config set "+assignment).Sees("(was ")
}

func ruleOf(t *testing.T, name string) alerts.Rule {
	t.Helper()
	rules := alerts.Rules()
	i := slices.IndexFunc(rules, func(r alerts.Rule) bool { return r.Name == name })
	if i < 0 {
		t.Fatalf("there is no rule %s", name)
	}
	return rules[i]
}

// Every rule is provoked with a real server, is seen in the ops channel, and is seen
// there to be over. A rule that nothing provokes fails.
func TestEveryRuleIsProvoked(t *testing.T) {
	var mu sync.Mutex
	provoked := make(map[string]bool)
	t.Run("on", func(t *testing.T) {
		for name, provoke := range map[string]func(*testing.T) *provoking{
			"memory": provokeMemory, "sessions": provokeSessions, "replica": provokeReplica, "cluster": provokeCluster,
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				p := provoke(t)
				mu.Lock()
				defer mu.Unlock()
				for rule := range p.provoked {
					provoked[rule] = true
				}
			})
		}
	})
	for _, r := range alerts.Rules() {
		if !provoked[r.Name] {
			t.Errorf("%s was not provoked", r.Name)
		}
	}
}
