package discordtest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/helix-collective/helix/bot/discordtest"
)

// What goes wrong may be chosen request by request; FailNext comes before it.
func TestFaultsAreChosen(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	d.Guild("Acme").Text("#ops")
	var chosen []string
	d.FailWith(func(operation string) discordtest.Fault {
		chosen = append(chosen, operation)
		if operation == "get_gateway" {
			return discordtest.TooManyUntimed()
		}
		return discordtest.Fault{}
	})
	d.FailNext("get_gateway", discordtest.Status(502))
	ask := func(path string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, d.URL()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bot "+d.Token())
		req.Header.Set("User-Agent", "DiscordBot (https://example.org, 1)")
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	if got := ask("/gateway").StatusCode; got != 502 {
		t.Errorf("the first is answered by %d", got)
	}
	if got := ask("/gateway"); got.StatusCode != 429 || got.Header.Get("Retry-After") != "" {
		t.Errorf("the second is answered by %d, %v", got.StatusCode, got.Header)
	}
	if got := ask("/users/@me").StatusCode; got != 200 {
		t.Errorf("another is answered by %d", got)
	}
	d.FailWith(nil)
	if got := ask("/gateway").StatusCode; got != 200 {
		t.Errorf("the last is answered by %d", got)
	}
	if got := strings.Join(chosen, " "); got != "get_gateway get_my_user" {
		t.Errorf("chosen for %q", got)
	}
}
