package main

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
)

const serviceSecret = "hunter2-of-a-back-end"

var listensOn = regexp.MustCompile(`"the session service listens","address":"([^"]+)"`)

// serviceOf waits until an instance serves sessions, and answers where.
func serviceOf(t *testing.T, i *instance) string {
	t.Helper()
	var address string
	redistest.Eventually(t, "the session service listens", func(context.Context) bool {
		if said := listensOn.FindStringSubmatch(i.log.String()); said != nil {
			address = said[1]
		}
		return address != ""
	})
	return address
}

// launchServe starts helix serve, with the key in a file.
func launchServe(t *testing.T, redis string) *instance {
	t.Helper()
	p := &place{dir: t.TempDir()}
	writeFile(t, p.dir, "keys", "shop:"+serviceSecret+":all\n")
	return p.launchAs(t, []string{"REDIS_URL=" + redis, "HELIX_API_KEYS_FILE=" + filepath.Join(p.dir, "keys")}, "serve", "--listen", "127.0.0.1:0")
}

// ask makes a request of the session service and answers status and JSON.
func ask(t *testing.T, address, method, path, body string) (int, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+serviceSecret)
	r.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	w, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	answer := make(map[string]any)
	if err := json.Unmarshal(text, &answer); err != nil && len(text) > 0 {
		t.Fatalf("%s: %v", text, err)
	}
	return w.StatusCode, answer
}

func TestServe(t *testing.T) {
	server := redistest.Any(t)
	i := launchServe(t, server.URL())
	address := serviceOf(t, i)
	status, made := ask(t, address, http.MethodPost, "/v1/sessions", `{"user_id":"ann","ip":"203.0.113.7"}`)
	token, _ := made["token"].(string)
	if status != http.StatusCreated || token == "" {
		t.Fatalf("%d %v", status, made)
	}

	// What is set elsewhere holds here, for sessions that there are.
	got := runHelix(t, "", "exec", "--redis", server.URL(), "--yes", "!config set redis.session_idle_timeout=77")
	if got.status != exitOK {
		t.Fatalf("%+v", got)
	}
	redistest.Eventually(t, "the policy is in force", func(context.Context) bool {
		_, found := ask(t, address, http.MethodPost, "/v1/sessions/validate", `{"token":"`+token+`","ip":"203.0.113.7"}`)
		return found["expires_in"] == 77.0
	})
	i.stop(t)
	if conn, err := net.Dial("tcp", address); err == nil {
		conn.Close()
		t.Error("it listens after its end")
	}
	for _, secret := range []string{serviceSecret, token} {
		if strings.Contains(i.log.String(), secret) {
			t.Errorf("%s is logged", secret)
		}
	}
}

func TestServeBesideTheBot(t *testing.T) {
	server := redistest.Any(t)
	acme := newPlace(t)
	i := acme.launch(t, "REDIS_URL="+server.URL(), "HELIX_API_LISTEN=127.0.0.1:0", "HELIX_API_KEYS=shop:"+serviceSecret+":all")
	acme.discord.Gateway().AwaitReady(1)
	acme.As("ann").Says("#ops", "!config set redis.session_idle_timeout=60").Sees("60 (was 300)")
	if status, made := ask(t, serviceOf(t, i), http.MethodPost, "/v1/sessions", `{"user_id":"ann","ip":"203.0.113.7"}`); status != http.StatusCreated || made["expires_in"] != 60.0 {
		t.Errorf("%d %v", status, made)
	}
	acme.As("ann").Says("#ops", "!redis keys session:user:ann:* | wc -l").Sees("```\n1\n```")
	i.stop(t)

	without := acme.launch(t, "REDIS_URL="+server.URL(), "HELIX_API_LISTEN=127.0.0.1:0")
	acme.discord.Gateway().AwaitReady(2)
	if said := without.log.String(); !strings.Contains(said, "the session service does not listen") || listensOn.MatchString(said) {
		t.Errorf("without keys: %s", said)
	}
}

func TestWhatKeepsTheServiceFromServing(t *testing.T) {
	server := redistest.Standalone(t)
	for says, env := range map[string][]string{
		"No key is set":                      {"HELIX_API_LISTEN=127.0.0.1:0"},
		"Api.listen is not set":              {"HELIX_API_KEYS=shop:" + serviceSecret + ":all"},
		"entry 1: expected the scopes":       {"HELIX_API_LISTEN=127.0.0.1:0", "HELIX_API_KEYS=shop:" + serviceSecret + ":root"},
		"`api.tls_key` go together":          {"HELIX_API_TLS_CERT=cert.pem"},
		"Listen for the session service":     {"HELIX_API_LISTEN=" + server.Addr, "HELIX_API_KEYS=shop:" + serviceSecret + ":all"},
		"Read api.tls_cert and api.tls_key:": {"HELIX_API_LISTEN=127.0.0.1:0", "HELIX_API_KEYS=shop:" + serviceSecret + ":all", "HELIX_API_TLS_CERT=a", "HELIX_API_TLS_KEY=b"},
	} {
		got := runHelixIn(t, t.TempDir(), append(env, "REDIS_URL="+server.URL()), "", "serve")
		if got.status != exitFailure || !strings.Contains(got.stderr, says) || strings.Contains(got.stderr, serviceSecret) {
			t.Errorf("%v: %+v; want …%s…", env, got, says)
		}
	}
	if got := runHelix(t, "", "serve"); got.status != exitFailure || !strings.Contains(got.stderr, "No Redis is configured") {
		t.Errorf("without a Redis: %+v", got)
	}
}

func TestCheckOfTheService(t *testing.T) {
	key := "HELIX_API_KEYS=shop:" + serviceSecret + ":all"
	for says, env := range map[string][]string{
		"ok       Session service  Not asked for":                            nil,
		"warning  Session service  It does not listen: no key is set":        {"HELIX_API_LISTEN=127.0.0.1:0"},
		"warning  Session service  It does not listen: api.listen":           {key},
		"fatal    Session service  Api.keys, entry 1":                        {key + "s", "HELIX_API_LISTEN=127.0.0.1:0"},
		"ok       Session service  Listens on 127.0.0.1:0.":                  {key, "HELIX_API_LISTEN=127.0.0.1:0", "HELIX_API_TRUSTED_PROXIES=127.0.0.1"},
		"warning  Session service  No proxy is trusted":                      {key, "HELIX_API_LISTEN=127.0.0.1:0"},
		"warning  Session service  Keys and tokens travel unencrypted to :1": {key, "HELIX_API_LISTEN=:1"},
	} {
		got := runHelixIn(t, t.TempDir(), env, "", "check")
		if plain := strings.Join(strings.Fields(got.stdout), " "); !strings.Contains(plain, strings.Join(strings.Fields(says), " ")) || strings.Contains(plain, "hunter2") {
			t.Errorf("%v:\n%s\nwant …%s…", env, got.stdout, says)
		}
	}
}

// A key that somebody types, or pastes, is concealed by itself.
func TestKeysOfTheServiceAreConcealed(t *testing.T) {
	env := []string{"HELIX_API_KEYS=shop:" + serviceSecret + ":all"}
	got := runHelixIn(t, t.TempDir(), env, "", "exec", "--redis", redistest.Any(t).URL(), "--redact", "!redis echo '"+serviceSecret+"'")
	if got.status != exitOK || strings.Contains(got.stdout, serviceSecret) {
		t.Errorf("%+v", got)
	}
}
