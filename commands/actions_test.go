package commands_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/helix-collective/helix/actions"
	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/embedded"
)

// TestActionsNeedAdminAndAPlan holds who may call an action, however it is said,
// and that nothing is called before a plan is confirmed.
func TestActionsNeedAdminAndAPlan(t *testing.T) {
	server, err := embedded.Start(context.Background(), embedded.Options{Empty: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	api := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was called") }))
	t.Cleanup(api.Close)
	s := newStage(t, server.URL(), map[string]string{"roles": rightsRoles, "people": "somebody: local"})
	s.dispatcher.Actions, err = actions.New(map[string]actions.Spec{"restart": {Line: "railway service restart redis", Description: "restart Redis", URL: api.URL}},
		actions.Options{Taken: commands.Taken})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		role, line string
		outcome    commands.Outcome
		says       string
	}{
		{"admin", "!railway service restart redis", commands.Unconfirmed, ""},
		{"admin", "!redis railway service restart redis", commands.Unconfirmed, ""},
		{"admin", "!echo redis | xargs railway service restart", commands.Unconfirmed, ""},
		{"admin", "!what=redis; railway service restart $what", commands.Unconfirmed, ""},
		{"admin", "!sh -c 'railway service restart redis'", commands.Unconfirmed, ""},
		{"reader", "!railway service restart redis", commands.Denied, "You need **admin** for `railway service restart redis`"},
		{"reader", "!echo redis | xargs railway service restart", commands.Denied, "You need **admin**"},
		{"reader", "!what=redis; railway service restart $what", commands.Denied, "You need **admin**"},
		{"destroyer", "!echo x | while read -r x; do railway service restart redis; done", commands.Denied, "You need **admin**"},
		{"nobody", "!railway service restart redis", commands.Denied, ""},
		{"nobody", "!railway login", commands.Denied, ""},
		{"admin", "!railway service restart web", commands.Syntax, "There is `railway service restart redis`"},
		{"admin", "!railway service restart 'redis '", commands.Syntax, "No action is configured"},
		{"admin", "!echo redis now | xargs railway service restart", commands.Syntax, "No action is configured"},
		{"admin", "!x=; railway service $x restart redis now", commands.Syntax, "No action is configured"},
		{"reader", "!why railway service restart redis", commands.OK, ""},
		{"reader", "!rialway service restart redis", commands.Unknown, "Did you mean `railway`?"},
	} {
		reply := s.dispatcher.Handle(t.Context(), commands.Request{Text: c.line, Caller: whoHas(c.role)})
		if reply.Outcome != c.outcome || !strings.Contains(reply.Problem, c.says) {
			t.Errorf("%s, %s: %s %s", c.role, c.line, reply.Outcome, reply.Problem)
		}
	}
	for line, want := range map[string]string{
		"!help":         "\nActions\n  !railway service restart redis\n",
		"!help railway": "!railway service restart redis: restart Redis\nPOST " + api.URL + " · expects any status from 200 to 299\nIt needs admin.\n",
	} {
		reply := s.dispatcher.Handle(t.Context(), commands.Request{Text: line, Caller: whoHas("reader")})
		if !strings.Contains(string(reply.Output), want) {
			t.Errorf("%s: %s, want %s", line, reply.Output, want)
		}
	}
}
