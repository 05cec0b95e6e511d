package commands_test

import (
	"context"
	"strings"
	"testing"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/guide"
	"github.com/helix-collective/helix/internal/redistest"
)

func newGuideStage(t *testing.T) (stage, func(string, ...func(*commands.Request)) commands.Reply) {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{
		"people": "ann: owner", "audit": "", "keys": "set session:user:ann:1 x\nset session:abc x ex 500",
	})
	return s, func(text string, how ...func(*commands.Request)) commands.Reply {
		req := commands.Request{Text: text, Caller: s.people["ann"]}
		for _, change := range how {
			change(&req)
		}
		return s.dispatcher.Handle(context.Background(), req)
	}
}

// TestEveryStepOfTheGuideLeadsOn walks all topics, each from its first step to its
// last, by what is proposed.
func TestEveryStepOfTheGuideLeadsOn(t *testing.T) {
	_, ask := newGuideStage(t)
	for _, topic := range guide.Topics() {
		line, walked := "!guide "+topic.Name, 0
		for line != "" {
			reply := ask(line)
			if reply.Outcome != commands.OK || reply.Problem != "" || len(reply.Output) == 0 {
				t.Fatalf("%s: %s %s", line, reply.Outcome, reply.Problem)
			}
			if line, walked = "", walked+1; walked > len(topic.Steps)+1 {
				t.Fatalf("%s does not come to an end", topic.Name)
			}
			for _, o := range reply.Offers {
				if len(o.Line) > 90 || len(o.Label) > 80 {
					t.Errorf("%s: %q does not fit a button", topic.Name, o.Line)
				}
				if o.Label == "Step by step" || strings.HasPrefix(o.Label, "Next: ") {
					line = o.Line
				}
			}
		}
		if walked != len(topic.Steps)+1 {
			t.Errorf("%s: %d of %d steps were walked", topic.Name, walked, len(topic.Steps)+1)
		}
	}
}

// TestWhatTheGuideSaysRuns has every line that it proposes, and those of the guide
// itself, run as far as a plan. Nothing is changed by that.
func TestWhatTheGuideSaysRuns(t *testing.T) {
	s, ask := newGuideStage(t)
	before := s.client.DBSize(context.Background()).Val()
	revision := string(ask("!config diff").Output)
	press := func(req *commands.Request) { req.AlwaysPlan = true }
	for _, topic := range guide.Topics() {
		for _, step := range topic.Steps {
			if step.Line == "" || strings.HasPrefix(step.Line, "railway") {
				continue
			}
			line := strings.ReplaceAll(step.Line, "redis monitor", "redis monitor --for 1s")
			if step.Wants {
				line = strings.ReplaceAll(line, "{}", "'ann'")
			}
			reply := ask("!"+line, press)
			if reply.Outcome != commands.OK && reply.Plan == nil || strings.Contains(reply.Problem, "unknown") {
				t.Errorf("%s: %s %s", line, reply.Outcome, reply.Problem)
			}
			if reply.Changed {
				t.Errorf("%s was made without a yes", line)
			}
		}
	}
	if after := s.client.DBSize(context.Background()).Val(); after < before {
		t.Errorf("%d of %d keys are left", after, before)
	}
	if now := string(ask("!config diff").Output); now != revision {
		t.Errorf("settings were changed:\n%s", now)
	}
}

// TestTheGuideKeepsToTheCallersRights: what they may not look at is said so, and
// the rest goes on.
func TestTheGuideKeepsToTheCallersRights(t *testing.T) {
	s := newStage(t, redistest.Any(t).URL(), map[string]string{
		"roles":  "support:\n  discord: [\"300000000000000002\"]\n  allow: [read]\n  deny: [\"read session:abc\"]\n",
		"people": "bob: 300000000000000002\neve: 300000000000000009", "keys": "set session:abc x\nset session:user:ann:1 x",
	})
	ask := func(who, text string) commands.Reply {
		return s.dispatcher.Handle(context.Background(), commands.Request{Text: text, Caller: s.people[who], Mentioned: true})
	}
	if reply := ask("bob", "!guide sessions"); !strings.Contains(string(reply.Output), "1 session, 1 without a TTL") {
		t.Errorf("%s %s\n%s", reply.Outcome, reply.Problem, reply.Output)
	}
	if reply := ask("eve", "!guide sessions"); reply.Outcome != commands.Denied || len(reply.Output) > 0 {
		t.Errorf("without any right: %s\n%s", reply.Outcome, reply.Output)
	}
}
