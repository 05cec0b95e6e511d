package actions_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/helix-collective/helix/actions"
)

// planted is a secret that must show nowhere.
const planted = "tok-planted-5e0f1c"

func lookup(name string) (string, bool, error) {
	switch name {
	case "TOKEN":
		return planted, true, nil
	case "TWO_LINES":
		return planted + "\nX-Other: 1", true, nil
	case "BROKEN":
		return "", false, errors.New("BROKEN_FILE: it is empty")
	}
	return "", false, nil
}

var options = actions.Options{Variable: lookup, Taken: func(word string) bool { return word == "redis" || word == "wc" }}

// restart is a spec that is in order.
func restart() actions.Spec {
	return actions.Spec{
		Line: "railway  service restart redis", Description: "restart\nRedis", URL: "https://example.com/graphql?key=1",
		Headers: map[string]string{"Authorization": "Bearer ${TOKEN}"},
		Body:    map[string]any{"query": "mutation ($id: ID!) { x(id: $id) }", "variables": map[string]any{"id": "${TOKEN}"}},
		Expect:  200,
	}
}

func TestMatchTakesExactlyTheLine(t *testing.T) {
	other := restart()
	other.Line = "railway service restart web"
	set, err := actions.New(map[string]actions.Spec{"restart-redis": restart(), "web": other}, options)
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"railway service restart redis":     "restart-redis",
		"railway service restart web":       "web",
		"railway service restart":           "",
		"railway service restart redis now": "",
		"Railway service restart redis":     "",
		"railway service restart redi":      "",
		"":                                  "",
	} {
		if a, ok := set.Match(strings.Fields(line)); a.Name != want || ok != (want != "") {
			t.Errorf("%q is %q", line, a.Name)
		}
	}
	if set.Match([]string{"railway service", "restart", "redis"}); !set.Begins("railway") || !set.Begins("railway", "service") || set.Begins("rail") || set.Begins("railway", "service", "restart", "web", "x") {
		t.Error("what lines begin with is told wrong")
	}
	if _, ok := set.Match([]string{"railway service", "restart", "redis"}); ok {
		t.Error("two words in one count as two")
	}
	if a := set.All()[0]; a.Description != "restart Redis" || a.Line != "railway service restart redis" || a.Plan() != "POST https://example.com/graphql?… · expects 200" {
		t.Errorf("%+v: %s", a, a.Plan())
	}
}

func TestNoActionsMatchNothing(t *testing.T) {
	var none *actions.Set
	if _, ok := none.Match([]string{"railway"}); ok || none.Begins("railway") || len(none.All()) != 0 {
		t.Error("no set holds an action")
	}
}

func TestWhatIsWrongIsSaidAtLoad(t *testing.T) {
	for _, c := range []struct {
		change func(*actions.Spec)
		want   string
	}{
		{func(s *actions.Spec) { s.Line = " " }, `actions.x.line: it has to say what is typed, as in "railway service restart redis"`},
		{func(s *actions.Spec) { s.Line = "railway; redis" }, `actions.x.line: "railway;" is no plain word: letters, digits and . _ : / @ % + , - can stand in one`},
		{func(s *actions.Spec) { s.Line = "railway $(x)" }, `actions.x.line: "$(x)" is no plain word: letters, digits and . _ : / @ % + , - can stand in one`},
		{func(s *actions.Spec) { s.Line = "redis restart" }, `actions.x.line: "redis" means something to Helix already; a line begins with a word of its own`},
		{func(s *actions.Spec) { s.Method = "HEAD" }, `actions.x.method: "HEAD" is none of POST, PUT, PATCH, DELETE, GET`},
		{func(s *actions.Spec) { s.URL = "" }, "actions.x.url: it is missing"},
		{func(s *actions.Spec) { s.URL = "example.com" }, "actions.x.url: it is not an address such as https://example.com/path"},
		{func(s *actions.Spec) { s.URL = "https://:443/" }, "actions.x.url: it is not an address such as https://example.com/path"},
		{func(s *actions.Spec) { s.URL = "http://example.com/" }, "actions.x.url: it has to begin with https:// (http:// is for this machine alone)"},
		{func(s *actions.Spec) { s.URL = "http://127.0.0.1.example.com/" }, "actions.x.url: it has to begin with https:// (http:// is for this machine alone)"},
		{func(s *actions.Spec) { s.URL = "file:///etc/passwd" }, "actions.x.url: it is not an address such as https://example.com/path"},
		{func(s *actions.Spec) { s.URL = "ftp://example.com/x" }, "actions.x.url: it has to begin with https:// (http:// is for this machine alone)"},
		{func(s *actions.Spec) { s.URL = "https://u:" + planted + "@example.com/" }, "actions.x.url: no user and password stand in an address; put them into a header, from a variable"},
		{func(s *actions.Spec) { s.URL = "https://example.com/${TOKEN}" }, "actions.x.url: addresses are shown, so no variable stands in one; put the secret into a header"},
		{func(s *actions.Spec) { s.Headers = map[string]string{"A b": "x"} }, "actions.x.headers.A b: it is no name of a header"},
		{func(s *actions.Spec) { s.Headers = map[string]string{"host": "x"} }, "actions.x.headers.host: it follows from the address and the body"},
		{func(s *actions.Spec) { s.Headers = map[string]string{"X": "${NONE}"} }, "actions.x.headers.X: the variable NONE is not set (nor NONE_FILE)"},
		{func(s *actions.Spec) { s.Headers = map[string]string{"X": "${TWO_LINES}"} }, "actions.x.headers.X: with its variables it has a line break or another control character"},
		{func(s *actions.Spec) { s.Headers = map[string]string{"X": "${BROKEN}"} }, "actions.x.headers.X: BROKEN_FILE: it is empty"},
		{func(s *actions.Spec) { s.Headers = map[string]string{"X": "${TOKEN"} }, "actions.x.headers.X: a ${ begins a variable, as in ${TOKEN}"},
		{func(s *actions.Spec) { s.Body = "{}" }, "actions.x.body: expected names and values below it, which are sent as JSON"},
		{func(s *actions.Spec) { s.Body = map[string]any{"a": []any{"${NONE}"}} }, "actions.x.body: the variable NONE is not set (nor NONE_FILE)"},
		{func(s *actions.Spec) { s.Body = map[string]any{"a": map[any]any{1: 2}} }, "actions.x.body: it holds what JSON has no form for; put quotes around it"},
		{func(s *actions.Spec) { s.Body = map[string]any{"a": math.Inf(1)} }, "actions.x.body: json: unsupported value: +Inf"},
		{func(s *actions.Spec) { s.Timeout = "30" }, `actions.x.timeout: "30" is no time from 1s to 5m, as in 30s`},
		{func(s *actions.Spec) { s.Timeout = "1h" }, `actions.x.timeout: "1h" is no time from 1s to 5m, as in 30s`},
	} {
		spec := restart()
		c.change(&spec)
		_, err := actions.New(map[string]actions.Spec{"x": spec}, options)
		if err == nil || err.Error() != c.want {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
}

func TestEverythingWrongIsSaidAtOnce(t *testing.T) {
	_, err := actions.New(map[string]actions.Spec{"a": restart(), "b": restart(), "Bad Name": {}}, options)
	want := []string{
		"actions.Bad Name.line: it has to say", "actions.Bad Name.url: it is missing",
		"actions.Bad Name: an action's name has small letters, digits, - and _",
		`actions.b.line: actions.a has the same line "railway service restart redis"`,
	}
	lines := strings.Split(fmt.Sprint(err), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%v", err)
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("%s, want %s", lines[i], want[i])
		}
	}
}

func TestPrintingAnActionShowsNoSecret(t *testing.T) {
	set, err := actions.New(map[string]actions.Spec{"x": restart()}, options)
	if err != nil {
		t.Fatal(err)
	}
	a := set.All()[0]
	for _, thing := range []any{set, *set, a, &a, a.Plan()} {
		if text := fmt.Sprintf("%v %+v %#v %s", thing, thing, thing, thing); strings.Contains(text, planted) {
			t.Errorf("a secret is printed: %s", text)
		}
	}
}
