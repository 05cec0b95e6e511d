package commands_test

import (
	"strings"
	"testing"

	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/embedded"
	"github.com/helix-collective/helix/permissions"
)

// filterHall has ann, who may read, and sue, who may not.
func filterHall(t *testing.T) (h hall, ann, sue permissions.Member) {
	t.Helper()
	server, err := embedded.Start(t.Context(), embedded.Options{Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	h = newHall(t, server.URL(), map[string]permissions.Role{"oncall": {Discord: []string{"1"}, Allow: []string{"read"}}})
	return h, permissions.Member{ID: "10", Name: "ann", Guild: "5", Channel: "6", Roles: []string{"1"}}, permissions.Member{ID: "11", Name: "sue", Guild: "5", Channel: "6"}
}

func TestAFilterReadsTheEarlierAnswer(t *testing.T) {
	h, ann, sue := filterHall(t)
	const earlier = "ann 3\nbob 1\nanna 2\n"
	for _, c := range []struct {
		name    string
		who     permissions.Member
		filter  string
		output  string
		outcome commands.Outcome
		problem string
	}{
		{"a pipeline", ann, "grep ann | sort -k2n | head -1", "anna 2\n", commands.OK, ""},
		{"as behind a pipe", ann, " | wc -l", "3\n", commands.OK, ""},
		{"the shell's own", ann, "while read who n; do echo $n; done", "3\n1\n2\n", commands.OK, ""},
		{"Redis", ann, "xargs redis get", "", commands.Syntax, "`redis` is not a text command"},
		{"within a script", ann, "sh -c 'redis dbsize'", "", commands.Syntax, "`redis` is not a text command"},
		{"a name that turns up", ann, "head -1 | while read c n; do name=redis; $name dbsize; done", "redis: command not found\n", commands.OK, ""},
		{"a verb", ann, "config set redis.session_ttl=5", "", commands.Syntax, "`config` is not a text command"},
		{"no program", ann, "grep 'ann", "", commands.Syntax, "never closed"},
		{"nobody", sue, "wc -l", "", commands.Denied, "read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := h.Filter(t.Context(), commands.Request{Text: c.filter, Caller: c.who, Redact: true}, []byte(earlier))
			if string(r.Output) != c.output || r.Outcome != c.outcome || !strings.Contains(r.Problem, c.problem) || r.Quiet {
				t.Errorf("%q is answered %q, %s, %q", c.filter, r.Output, r.Outcome, r.Problem)
			}
			if r.Outcome == commands.OK && !strings.Contains(strings.Join(r.Hints, " "), "Filtered for ann: `") {
				t.Errorf("the hints are %q", r.Hints)
			}
		})
	}
}

// A filter cannot bring back what its answer hid, and hides what it says itself.
func TestAFilterIsRedacted(t *testing.T) {
	h, ann, _ := filterHall(t)
	r := h.Filter(t.Context(), commands.Request{Text: `sed 's/x/{"token":"hunter2hunter2"}/'`, Caller: ann, Redact: true}, []byte("x\n"))
	if said := string(r.Output) + strings.Join(r.Hints, ""); strings.Contains(said, "hunter2") {
		t.Errorf("the answer is %s", said)
	}
}

func TestAFilterIsRecorded(t *testing.T) {
	s := revealStage(t)
	ctx := t.Context()
	s.dispatcher.Filter(ctx, commands.Request{ID: "77", Text: "| wc -l", Caller: s.people["ann"], Redact: true}, []byte("x\n"))
	s.dispatcher.Audit.Flush(ctx)
	list, err := s.dispatcher.Audit.Find(ctx, audit.Query{})
	if err != nil || len(list) != 1 || list[0].Request != "77" || list[0].Line != "| wc -l" || list[0].Outcome != "ok" {
		t.Errorf("recorded is %+v, %v", list, err)
	}
}
