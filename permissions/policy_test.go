package permissions

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// TestPolicyLines reads the policies under testdata: who, what, and the answer.
func TestPolicyLines(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no policies to read: %v", err)
	}
	lines := 0
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) { lines += checkPolicy(t, file) })
	}
	if lines < 100 {
		t.Errorf("only %d policy lines", lines)
	}
}

func checkPolicy(t *testing.T, file string) int {
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Roles  map[string]Role
		People map[string]Member
		Lines  string
	}
	if err := yaml.Unmarshal(data, &policy); err != nil {
		t.Fatal(err)
	}
	p := mustNew(t, policy.Roles)
	count := 0
	for _, line := range strings.Split(policy.Lines, "\n") {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			checkLine(t, p, policy.People, line)
			count++
		}
	}
	return count
}

func checkLine(t *testing.T, p *Policy, people map[string]Member, line string) {
	t.Helper()
	who, rest, _ := strings.Cut(line, " ")
	m, ok := people[who]
	if !ok {
		t.Errorf("%s: no such person", line)
		return
	}
	words, want := splitAnswer(rest)
	if len(words) == 0 {
		t.Errorf("%s: no action and answer", line)
		return
	}
	var err error
	if words[0] == "holds" {
		err = p.Preflight(m, Right(words[1]), "test")
	} else {
		a := actionOf(words)
		err = p.Check(m, a)
		checkAgreement(t, p, m, a, err)
	}
	if got := answerOf(err); got != want {
		t.Errorf("%s: got %s (%v)", line, got, err)
	}
}

// splitAnswer parts "destroy a b   no right" at the answer.
func splitAnswer(line string) (words []string, answer string) {
	line = strings.TrimSpace(line)
	for _, a := range []Reason{"allowed", NoRole, NoRight, OutsidePatterns, OtherChannel, DeniedByRole, NotServed, Fault} {
		if action, ok := strings.CutSuffix(line, " "+string(a)); ok {
			return strings.Fields(action), string(a)
		}
	}
	return nil, ""
}

func actionOf(words []string) Action {
	a := Action{Right: Right(words[0]), Name: "test"}
	if a.Right == Configure && len(words) > 1 {
		a.Setting = words[1]
	} else {
		a.Keys = words[1:]
	}
	return a
}

func answerOf(err error) string {
	var denied *Denied
	switch {
	case err == nil:
		return "allowed"
	case errors.As(err, &denied):
		return string(denied.Reason)
	default:
		return "not a denial"
	}
}

// checkAgreement holds the other questions against the answer of Check.
func checkAgreement(t *testing.T, p *Policy, m Member, a Action, err error) {
	t.Helper()
	if e := p.Explain(m, a); e.Allowed != (err == nil) {
		t.Errorf("Explain says %v, Check %v", e, err)
	}
	if err == nil && a.Right != Read && !p.Holds(m, a.Right) {
		t.Errorf("%v is allowed, but Holds says no", a)
	}
	scope := p.Scope(m, a.Right)
	for _, name := range a.names() {
		if err == nil && !scope.Allows(name) {
			t.Errorf("%v is allowed, but Scope leaves out %q", a, name)
		}
	}
	if scope.All() && err != nil {
		t.Errorf("%v is denied, but Scope says all", a)
	}
}

func mustNew(t interface {
	Helper()
	Fatal(...any)
}, roles map[string]Role, opts ...Option) *Policy {
	t.Helper()
	p, err := New(roles, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
