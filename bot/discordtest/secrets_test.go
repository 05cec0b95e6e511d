package discordtest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/helix-collective/helix/bot/discordtest"
)

func TestASecretFailsTheTest(t *testing.T) {
	t.Parallel()
	token := discordtest.New(t).Token() // of every fake
	for _, c := range []struct {
		name, payload string
		files         map[string]string
		leaks         bool
	}{
		{"none", `{"content":"hunter"}`, nil, false},
		{"text", `{"content":"it is hunter2"}`, nil, true},
		{"escapes", `{"content":"\u0068unter2"}`, nil, true},
		{"marks", "{\"content\":\"hun\u200bter2\"}", nil, true},
		{"a component", `{"content":"x","components":[{"type":1,"components":[{"type":2,"style":2,"label":"x","custom_id":"hunter2"}]}]}`, nil, true},
		{"a file", `{}`, map[string]string{"files[0]": "hunter2"}, true},
		{"the token", `{"content":"` + token + `"}`, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			watched := &failure{TB: t}
			d := discordtest.New(watched)
			d.NeverSees("hunter2")
			acme := d.Guild("Acme").Text("#ops")
			contentType, body := form(t, c.payload, c.files)
			if status, _ := raw(t, d, http.MethodPost, "/channels/"+acme.ChannelID("#ops")+"/messages", contentType, body); status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			watched.end()
			if told := strings.Join(watched.errors, "\n"); c.leaks != strings.Contains(told, "the bot sent secrets") {
				t.Errorf("the test heard %q", told)
			}
		})
	}
}
