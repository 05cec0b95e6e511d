package bot

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/helix-collective/helix/bot/outbound"
)

// The answer to a message may break off when Discord has taken the message.
func TestABrokenAnswerIsNoFailure(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"id":`)
	}))
	defer server.Close()
	b, err := New(Options{Token: "token", APIURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer b.rest.close()
	if err := b.rest.do(t.Context(), call{method: http.MethodPost, path: "/channels/1/messages", body: outgoing{}}, nil); err != nil {
		t.Errorf("it answers %v", err)
	}
}

// A redirect must carry the token nowhere.
func TestNoRequestLeavesTheConfiguredAddress(t *testing.T) {
	b, err := New(Options{Token: "token", APIURL: "https://proxy.example/api/v10"})
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"https://evil.example/api/v10/users/@me", "http://proxy.example/api/v10/users/@me", "https://proxy.example/other"} {
		resp, err := b.rest.client.Get(address)
		if err == nil {
			resp.Body.Close()
			t.Errorf("%s was asked", address)
		}
	}
}

// What an attempt deleted whose answer was lost is gone when it is tried again.
func TestADeletionThatIsRepeatedIsDone(t *testing.T) {
	for name, c := range map[string]struct {
		method string
		lost   bool
		fails  bool
	}{
		"lost":             {http.MethodDelete, true, false},
		"not lost":         {http.MethodDelete, false, true},
		"lost, no removal": {http.MethodPatch, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			first := c.lost
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if first {
					first = false
					panic(http.ErrAbortHandler)
				}
				w.WriteHeader(http.StatusNotFound)
				_, _ = io.WriteString(w, `{"code":10008}`)
			}))
			defer server.Close()
			b, err := New(Options{Token: "token", APIURL: server.URL})
			if err != nil {
				t.Fatal(err)
			}
			defer b.rest.close()
			err = b.rest.do(t.Context(), call{method: c.method, path: "/channels/1/messages/2"}, nil)
			if (err != nil) != c.fails || c.fails && !hasCode(err, codeUnknownMessage) {
				t.Errorf("it answers %v", err)
			}
		})
	}
}

// Discord's own address has a limit that no answer announces.
func TestTheGlobalLimitIsDiscords(t *testing.T) {
	for address, want := range map[string]int{"": outbound.GlobalLimit, defaultAPI + "/": outbound.GlobalLimit, "http://proxy:8080/api/v10": 0} {
		tr, err := newTransport(address, "")
		if err != nil {
			t.Fatal(err)
		}
		if got := tr.perSecond(); got != want {
			t.Errorf("%q takes %d a second, want %d", address, got, want)
		}
	}
}

// discordgo's requests reach Discord alone, through the queue.
func TestTheLibraryReachesDiscordAlone(t *testing.T) {
	var came []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // the test compares it
		came = append(came, r.Method+" "+r.URL.String()+" "+string(body))
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, "{}")
	}))
	defer server.Close()
	b, err := New(Options{Token: "token", APIURL: server.URL + "/api/v10"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.rest.close()
	client := http.Client{Transport: owned{b.rest}}
	for _, address := range []string{"https://discord.com/api/v9/users/@me?a=b", "https://evil.example/api/v9/users/@me", "https://discord.com/login"} {
		resp, err := client.Post(address, "application/json", strings.NewReader("{}"))
		if err != nil {
			continue
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusTeapot {
			t.Errorf("%s is answered by %d", address, resp.StatusCode)
		}
	}
	if len(came) != 1 || came[0] != "POST /api/v10/users/@me?a=b {}" {
		t.Errorf("what came is %q", came)
	}
	if s := b.Outbound(); s.Refused != 1 {
		t.Errorf("counted %+v", s)
	}
}
