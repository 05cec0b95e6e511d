package commands_test

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
)

// Verbs whose output is tables answer them as a card, too, unless it is no more
// than a part of the answer.
func TestVerbsAnswerCards(t *testing.T) {
	server := redistest.Any(t)
	h := newHall(t, server.URL(), nil)
	for key, value := range map[string]string{"session:user:ann:{9f3a}00": `{"user_id":"ann"}`, "session:abc": "{}"} {
		if err := h.client.Set(t.Context(), key, value, 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	ask := func(line string, to io.Writer) commands.Reply {
		return h.Handle(context.Background(), commands.Request{Text: line, Caller: permissions.Member{Local: true}, Redact: true, Stdout: to})
	}
	for line, title := range map[string]string{
		"!status": "Status", "!config list redis": "Settings", "!sessions": "Sessions", "!sessions count": "Sessions",
		"!sessions show session:user:ann:{9f3a}00": "Session", "!status | cat": "Status",
	} {
		r := ask(line, nil)
		if r.Card == nil || r.Card.Title != title || r.Card.Text() != string(r.Output) {
			t.Errorf("%s is answered by %+v and\n%s%s", line, r.Card, r.Output, r.Problem)
		}
	}
	for _, line := range []string{"!status | head -2", "!status; echo x", "!sessions count; sessions count", "!sessions count | sort", "!x=$(status)", "!redis dbsize"} {
		if r := ask(line, nil); r.Card != nil || r.Problem != "" {
			t.Errorf("%s is a card: %+v%s", line, r.Card, r.Problem)
		}
	}
	var out bytes.Buffer
	if r := ask("!sessions count", &out); r.Card != nil || out.Len() == 0 {
		t.Errorf("output that is passed on is a card: %+v", r.Card)
	}
}
