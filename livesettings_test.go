package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/sessions/httpsession"
	"github.com/helix-collective/helix/settings"
)

// Every setting that sessions go by is set with !config set, and what it does is
// seen before and afterwards by back ends that were there all the time, on
// sessions that were there as well: one that asks the session service beside the
// bot, and one in Go, in a process of its own, that serves browsers.
func TestEachSettingActsOnceItIsSaid(t *testing.T) {
	server := redistest.Any(t)
	acme := newPlace(t)
	bot := acme.launch(t, "REDIS_URL="+server.URL(), "HELIX_API_LISTEN=127.0.0.1:0", "HELIX_API_KEYS=shop:"+serviceSecret+":all")
	acme.discord.Gateway().AwaitReady(1)
	b := &backEnd{t: t, address: serviceOf(t, bot), client: server.Client()}
	browser := startSite(t, server.Client())
	for _, c := range []struct {
		said          string
		seen          func() string
		before, after string
	}{
		{"redis.session_ttl=1h", b.ofTheGuide(2*time.Hour, 0), "200", "401"},
		{"redis.session_idle_timeout=3m", b.ofTheGuide(0, 4*time.Minute), "200", "401"},
		{"redis.session_bind_ip=false", b.fromElsewhere, "401", "200"},
		{"redis.session_regenerate_on_auth=false", b.signInAgain, "another token", "the same token"},
		{"sessions.grace=0", b.oldTokenAfterRotation, "200", "401"},
		{"redis.max_sessions_per_user=2", b.sixth, "201, 5 sessions", "201, 2 sessions"},
		{"redis.max_sessions_action=deny", b.sixth, "201, 2 sessions", "429, 2 sessions"},
		{"redis.max_sessions_per_ip_per_hour=1", b.secondOfAnAddress, "201", "429"},
		{"redis.session_compat=false", b.ofTheGuide(0, 0), "200", "401"},
		{"redis.session_cookie_samesite=lax", browser, "__Host-session, HttpOnly, Secure, SameSite=Strict", "__Host-session, HttpOnly, Secure, SameSite=Lax"},
		{"redis.session_cookie_httponly=false", browser, "__Host-session, HttpOnly, Secure, SameSite=Lax", "__Host-session, Secure, SameSite=Lax"},
		{"redis.session_cookie_secure=false", browser, "__Host-session, Secure, SameSite=Lax", "session, SameSite=Lax"},
	} {
		if got := c.seen(); got != c.before {
			t.Errorf("before %s: %s, want %s", c.said, got, c.before)
		}
		// Some end sessions, and so are to be confirmed.
		if got := runHelix(t, "", "exec", "--redis", server.URL(), "--yes", "!config set "+c.said); got.status != exitOK {
			t.Fatalf("%+v", got)
		}
		got := ""
		redistest.Eventually(t, c.said+" is in force", func(context.Context) bool {
			got = c.seen()
			return got != c.before
		})
		if got != c.after {
			t.Errorf("after %s: %s, want %s", c.said, got, c.after)
		}
	}
	bot.stop(t)
}

// backEnd is one that asks the session service.
type backEnd struct {
	t       *testing.T
	address string
	client  redis.UniversalClient
	made    int // addresses and people so far, since each is used once
}

// fresh answers a person and an address that have not been seen.
func (b *backEnd) fresh() (userID, ip string) {
	b.made++
	return fmt.Sprint("person", b.made), fmt.Sprintf("198.18.%d.%d", b.made/250, b.made%250)
}

func (b *backEnd) post(path, body string) (status string, answer map[string]any) {
	b.t.Helper()
	code, answer := ask(b.t, b.address, http.MethodPost, "/v1/sessions"+path, body)
	return fmt.Sprint(code), answer
}

// create makes a session and answers its token.
func (b *backEnd) create(userID, ip string) (status, token string) {
	b.t.Helper()
	status, answer := b.post("", `{"user_id":"`+userID+`","ip":"`+ip+`"}`)
	token, _ = answer["token"].(string)
	return status, token
}

func (b *backEnd) validate(token, ip string) (status string) {
	b.t.Helper()
	status, _ = b.post("/validate", `{"token":"`+token+`","ip":"`+ip+`"}`)
	return status
}

// ofTheGuide validates a session of the guide's Python, of an age and idle for a
// while.
func (b *backEnd) ofTheGuide(age, idle time.Duration) func() string {
	return func() string {
		const id = "3f2a9c01-91e4-4a77-8d00-0123456789ab"
		now := time.Now()
		value := fmt.Sprintf(`{"user_id": "ann", "ip": "203.0.113.7", "created_at": %d.5, "last_accessed": %d.5}`,
			now.Add(-max(age, idle)).Unix()-1, now.Add(-idle).Unix()-1)
		if err := b.client.Set(b.t.Context(), "session:"+id, value, 24*time.Hour).Err(); err != nil {
			b.t.Fatal(err)
		}
		return b.validate(id, "203.0.113.7")
	}
}

func (b *backEnd) fromElsewhere() string {
	userID, ip := b.fresh()
	_, token := b.create(userID, ip)
	return b.validate(token, "203.0.113.200")
}

func (b *backEnd) signInAgain() string {
	userID, ip := b.fresh()
	_, token := b.create(userID, ip)
	if _, answer := b.post("/regenerate", `{"token":"`+token+`","user_id":"`+userID+`","ip":"`+ip+`"}`); answer["token"] == token {
		return "the same token"
	}
	return "another token"
}

func (b *backEnd) oldTokenAfterRotation() string {
	userID, ip := b.fresh()
	_, token := b.create(userID, ip)
	b.post("/regenerate", `{"token":"`+token+`","ip":"`+ip+`"}`)
	return b.validate(token, ip)
}

// sixth makes six sessions of a person who keeps them from one time to the next.
func (b *backEnd) sixth() string {
	status := ""
	for range 6 {
		_, ip := b.fresh()
		status, _ = b.create("ann", ip)
	}
	_, listed := ask(b.t, b.address, http.MethodGet, "/v1/users/ann/sessions", "")
	all, _ := listed["sessions"].([]any)
	return fmt.Sprintf("%s, %d sessions", status, len(all))
}

func (b *backEnd) secondOfAnAddress() string {
	one, ip := b.fresh()
	another, _ := b.fresh()
	b.create(one, ip)
	status, _ := b.create(another, ip)
	return status
}

// startSite starts a back end that keeps browsers' sessions by a cookie, and
// answers what a browser is told of that.
func startSite(t *testing.T, client redis.UniversalClient) (cookie func() string) {
	t.Helper()
	live := settings.Open(t.Context(), client, settings.Defaults())
	done := make(chan error, 1)
	go func() { done <- live.Run(t.Context()) }()
	t.Cleanup(func() { <-done }) // it ends with the test's context
	manager := httpsession.New(sessions.New(client, sessions.Live(live), sessions.Options{}), httpsession.Options{Cookie: httpsession.Live(live)})
	site := manager.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := manager.SignOut(w, r); err != nil {
			t.Error(err)
		}
	}))
	return func() string {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
		name, rest, _ := strings.Cut(w.Header().Get("Set-Cookie"), "=")
		_, attributes, _ := strings.Cut(rest, "Max-Age=0")
		return name + strings.ReplaceAll(attributes, ";", ",")
	}
}
