package settings_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/helix-collective/helix/settings"
)

func TestActions(t *testing.T) {
	b := load(t, settings.Options{File: write(t, "c.yaml", `
actions:
  restart-redis:
    line: railway service restart redis
    url: https://example.com/graphql
    headers: {Authorization: "Bearer ${TOKEN}", X-Number: 7}
    body: {query: mutation, variables: {serviceId: s, serviceid: other, n: 12345678901234567}}
    expect: 200
    timeout: 5s
  empty:
`)})
	a := b.Actions()["restart-redis"]
	body, err := json.Marshal(a.Body)
	if err != nil || string(body) != `{"query":"mutation","variables":{"n":12345678901234567,"serviceId":"s","serviceid":"other"}}` {
		t.Errorf("the body's keys keep their case: %s %v", body, err)
	}
	if a.Line != "railway service restart redis" || a.Headers["X-Number"] != "7" || a.Headers["Authorization"] != "Bearer ${TOKEN}" || a.Expect != 200 || a.Timeout != "5s" {
		t.Errorf("%+v", a)
	}
	if _, ok := b.Actions()["empty"]; !ok {
		t.Error("an action without fields is left out, so that nobody can refuse it")
	}
}

func TestWhatIsWrongWithActionsIsSaidWithItsLine(t *testing.T) {
	for _, c := range []struct{ yaml, want string }{
		{"actions: 5", "`actions` (FILE line 1): expected `name: value` lines below it."},
		{"actions:\n  a: 5", "`actions.a` (FILE line 2): expected `name: value` lines below it."},
		{"actions:\n  a:\n    lien: x", "`actions.a.lien` (FILE line 3) is not a field; did you mean `line`?"},
		{"actions:\n  a:\n    expect: ok", "`actions.a.expect` (FILE line 3): expected a status of HTTP, as in 200."},
		{"actions:\n  a:\n    expect: 99", "`actions.a.expect` (FILE line 3): expected a status of HTTP, as in 200."},
		{"actions:\n  a:\n    line: [x]", "`actions.a.line` (FILE line 3): expected one value."},
		{"actions:\n  a:\n    headers: {X-A: [1]}", "`actions.a.headers.x-a` (FILE line 3): expected one value."},
		{"actions:\n  a:\n    headers: x", "`actions.a.headers` (FILE line 3): expected `name: value` lines below it."},
		{"actions:\n  a: {}\n  A: {}", "FILE line 3: `actions.a` stands in line 2 already (case does not matter)"},
	} {
		file := write(t, "c.yaml", c.yaml)
		_, err := settings.Load(settings.Options{File: file})
		if err == nil || strings.ReplaceAll(err.Error(), file, "FILE") != c.want {
			t.Errorf("%q: %v, want %s", c.yaml, err, c.want)
		}
	}
}

func TestVariable(t *testing.T) {
	secret := write(t, "token", planted+"\n")
	b := load(t, settings.Options{File: os.DevNull, Environ: []string{"A=x", "B_FILE=" + secret, "C=1", "C_FILE=" + secret, "EMPTY="}})
	for _, c := range []struct {
		name, value string
		ok, fails   bool
	}{{"A", "x", true, false}, {"B", planted, true, false}, {"C", "", false, true}, {"EMPTY", "", false, false}, {"MISSING", "", false, false}} {
		value, ok, err := b.Variable(c.name)
		if value != c.value || ok != c.ok || (err != nil) != c.fails {
			t.Errorf("%s is %q, %v, %v", c.name, value, ok, err)
		}
	}
	if _, ok, err := settings.Defaults().Variable("A"); ok || err != nil {
		t.Error("the defaults know a variable:", err)
	}
}
