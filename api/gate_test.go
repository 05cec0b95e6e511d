package api_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/api"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/settings"
)

func request(userID, ip string) sessions.Request { return sessions.Request{UserID: userID, IP: ip} }

func TestKeysAndScopes(t *testing.T) {
	b := newBench(t, redistest.Any(t).Client())
	operations := []struct{ method, path, scope string }{
		{http.MethodPost, "/v1/sessions", "sessions"},
		{http.MethodPost, "/v1/sessions/validate", "sessions"},
		{http.MethodPost, "/v1/sessions/regenerate", "sessions"},
		{http.MethodPost, "/v1/sessions/destroy", "sessions"},
		{http.MethodGet, "/v1/users/ann/sessions", "users"},
		{http.MethodDelete, "/v1/users/ann/sessions", "users"},
		{http.MethodGet, "/v1/auth", "auth"},
		{http.MethodGet, "/v1/policy", "policy"},
	}
	for _, o := range operations {
		for key, scopes := range map[string]string{everything: "sessions users auth policy", onlyAuth: "auth", onlyUsers: "users policy"} {
			b.key = key
			refused := b.send(o.method, o.path, nil).Code == http.StatusForbidden
			if refused == strings.Contains(scopes, o.scope) {
				t.Errorf("%s %s with a key for %s: refused: %v", o.method, o.path, scopes, refused)
			}
		}
		b.key = ""
		for name, header := range map[string][]string{
			"no key":               nil,
			"an empty one":         {"Bearer "},
			"another one":          {"Bearer 0123456789abcdef-alm"},
			"a part of one":        {"Bearer " + everything[:16]},
			"one with more":        {"Bearer " + everything + "x"},
			"a blank before":       {"Bearer  " + everything},
			"its name with it":     {"Bearer backend:" + everything},
			"basic":                {"Basic " + everything},
			"without a scheme":     {everything},
			"twice":                {"Bearer " + everything, "Bearer " + everything},
			"two in one":           {"Bearer " + everything + ", Bearer " + everything},
			"its digest":           {"Bearer 7d1b0e9a"},
			"in the wrong letters": {"Bearer " + strings.ToUpper(everything)},
		} {
			b.header["Authorization"] = header
			refused := b.send(o.method, o.path, nil)
			if refused.Code != http.StatusUnauthorized || refused.Header().Get("WWW-Authenticate") != `Bearer realm="helix"` {
				t.Errorf("%s %s with %s: %d %v", o.method, o.path, name, refused.Code, refused.Header())
			}
			delete(b.header, "Authorization")
		}
	}
	b.header["Authorization"] = []string{"bearer " + everything}
	b.send(http.MethodGet, "/v1/policy", nil).wants(http.StatusOK)
}

func TestHostsAndOrigins(t *testing.T) {
	client := redistest.Any(t).Client()
	for _, tt := range []struct {
		set     []string
		allowed string
		refused string
	}{
		{nil, "localhost LOCALHOST:8700 127.0.0.1:8700 [::1]:8700 [::1]", "evil.example localhost.evil.example 127.0.0.1.evil.example 0.0.0.0 localhost. evil.example:localhost"},
		{[]string{"api.listen=10.0.0.5:8700"}, "10.0.0.5:8700 localhost", "10.0.0.6"},
		{[]string{"api.listen=[::]:8700"}, "localhost", "[::]:8700"},
		{[]string{"api.hosts=Sessions.internal,::2"}, "sessions.internal:8700 [::2]:8700", "localhost 127.0.0.1"},
	} {
		b := newBench(t, client, tt.set...)
		for host := range strings.FieldsSeq(tt.allowed) {
			b.header["Host"] = []string{host}
			b.send(http.MethodGet, "/v1/policy", nil).wants(http.StatusOK)
		}
		for _, host := range append(strings.Fields(tt.refused), "") {
			b.header["Host"] = []string{host}
			b.send(http.MethodGet, "/v1/policy", nil).refuses(http.StatusMisdirectedRequest, "host")
		}
	}
	b := newBench(t, client)
	for _, origin := range []string{"https://evil.example", "http://localhost:8700", "null", ""} {
		b.header["Origin"] = []string{origin}
		b.signInIsRefused("origin", http.StatusForbidden)
	}
}

func (b *bench) signInIsRefused(kind string, status int) {
	b.t.Helper()
	b.post("sessions", object{"user_id": "ann", "ip": home}).refuses(status, kind)
}

func TestBodies(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		b := newBench(t, client)
		for name, body := range map[string]string{
			"nothing":                   ``,
			"a list":                    `[{"user_id":"ann","ip":"203.0.113.7"}]`,
			"a text":                    `"ann"`,
			"null":                      `null`,
			"cut off":                   `{"user_id":"ann","ip":"203.0.113.7"`,
			"two":                       `{"user_id":"ann","ip":"203.0.113.7"}{}`,
			"more behind":               `{"user_id":"ann","ip":"203.0.113.7"} x`,
			"a comma too many":          `{"user_id":"ann","ip":"203.0.113.7",}`,
			"a member twice":            `{"user_id":"ann","ip":"203.0.113.7","user_id":"ben"}`,
			"a member twice, escaped":   `{"user_id":"ann","ip":"203.0.113.7","user\u005fid":"ben"}`,
			"a member in other letters": `{"user_id":"ann","ip":"203.0.113.7","USER_ID":"ben"}`,
			"an unknown member":         `{"user_id":"ann","ip":"203.0.113.7","admin":true}`,
			"no person":                 `{"ip":"203.0.113.7"}`,
			"an empty person":           `{"user_id":"","ip":"203.0.113.7"}`,
			"a number for a person":     `{"user_id":7,"ip":"203.0.113.7"}`,
			"half a character":          `{"user_id":"ann\ud800","ip":"203.0.113.7"}`,
			"not UTF-8":                 "{\"user_id\":\"ann\xff\",\"ip\":\"203.0.113.7\"}",
			"data that is not UTF-8":    "{\"user_id\":\"ann\",\"ip\":\"203.0.113.7\",\"data\":\"\xff\"}",
			"a long person":             `{"user_id":"` + strings.Repeat("a", 257) + `","ip":"203.0.113.7"}`,
			"no address":                `{"user_id":"ann"}`,
			"no real address":           `{"user_id":"ann","ip":"localhost"}`,
			"two addresses":             `{"user_id":"ann","ip":"203.0.113.7, 10.0.0.1"}`,
			"a list of addresses":       `{"user_id":"ann","ip":["203.0.113.7"]}`,
			"much data":                 `{"user_id":"ann","ip":"203.0.113.7","data":"` + strings.Repeat("a", 64<<10) + `"}`,
			"deep data":                 `{"user_id":"ann","ip":"203.0.113.7","data":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + `}`,
		} {
			refused := b.post("sessions", body)
			if refused.Code != http.StatusBadRequest || refused.text("type") != "urn:helix:problem:invalid" {
				t.Errorf("%s: %d %s", name, refused.Code, refused.Body)
			}
		}
		b.post("sessions", `{"user_id":"`+strings.Repeat("a", 200_000)+`"}`).refuses(http.StatusRequestEntityTooLarge, "too-large")
		b.post("sessions/validate", object{"ip": home}).refuses(http.StatusBadRequest, "invalid")
		b.post("sessions/validate", object{"token": "x"}).refuses(http.StatusBadRequest, "invalid")
		b.post("sessions/regenerate", object{"token": "x", "user_id": "", "ip": home}).refuses(http.StatusBadRequest, "invalid")
		b.post("sessions/destroy", object{"token": nil}).refuses(http.StatusBadRequest, "invalid")
		for _, kind := range []string{"text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin1", "application/jsonp", "", ","} {
			b.header["Content-Type"] = []string{kind}
			b.signInIsRefused("content-type", http.StatusUnsupportedMediaType)
		}
		b.header["Content-Type"] = []string{"Application/JSON; charset=UTF-8"}
		b.header["Content-Encoding"] = []string{"gzip"}
		b.signInIsRefused("content-type", http.StatusUnsupportedMediaType)
		if n, err := client.DBSize(t.Context()).Result(); n != 0 || err != nil {
			t.Errorf("%d keys of what was refused, %v", n, err)
		}
		delete(b.header, "Content-Encoding")
		b.signIn("ann")
	})
}

// sessionKey answers the name of the only session.
func sessionKey(t *testing.T, client redis.UniversalClient) string {
	t.Helper()
	keys := slices.DeleteFunc(redistest.Keys(t, client), func(key string) bool { return !strings.HasPrefix(key, "session:") })
	if len(keys) != 1 {
		t.Fatal(keys)
	}
	return keys[0]
}

// Tokens that are none are refused alike, whatever they resemble.
func TestForgedTokens(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		b := newBench(t, client)
		token, id := b.signIn("ann")
		key := sessionKey(t, client)
		name := strings.TrimPrefix(key, "session:")
		want := b.validate("x").refuses(http.StatusUnauthorized, "no-session").Body.String()
		for _, forged := range []string{"", id, key, name, token[1:], token[:len(token)-1], token + "=", " " + token, token + "\n", strings.ToLower(token), "*", "user:*", strings.Repeat("a", 90_000)} {
			if got := b.validate(forged).refuses(http.StatusUnauthorized, "no-session").Body.String(); got != want {
				t.Errorf("%q: %s", forged, got)
			}
			b.post("sessions/regenerate", object{"token": forged, "user_id": "ben", "ip": home}).refuses(http.StatusUnauthorized, "no-session")
			b.post("sessions/destroy", object{"token": forged}).wants(http.StatusNoContent)
		}
		b.post("sessions/validate", object{"token": token, "ip": other}).refuses(http.StatusUnauthorized, "no-session")
		b.validate(token).wants(http.StatusOK)
	})
}

func TestTheRateOfAKey(t *testing.T) {
	b := newBench(t, redistest.Any(t).Client(), "api.rate=1")
	redistest.Eventually(t, "the key is limited", func(context.Context) bool {
		a := b.send(http.MethodGet, "/v1/policy", nil)
		return a.Code == http.StatusTooManyRequests && a.Header().Get("Retry-After") == "1" && a.text("type") == "urn:helix:problem:rate"
	})
	b.key = onlyUsers // another key is not
	b.send(http.MethodGet, "/v1/policy", nil).wants(http.StatusOK)
}

func TestKeysAreRefused(t *testing.T) {
	const secret = "hunter2-hunter2-hunter2"
	for text, says := range map[string]string{
		"":                                   "no key is set",
		secret:                               "entry 1: expected name:secret:scope",
		"a:" + secret:                        "entry 1: expected name:secret:scope",
		":" + secret + ":all":                "entry 1: expected name:secret:scope",
		"a b:" + secret + ":all":             "entry 1: expected name:secret:scope",
		"a:hunter2:all":                      "at least 16 characters",
		"a:hunter2-h\u00fcnter2-hunter2:all": "visible ASCII",
		"a:" + secret + ":root":              "expected the scopes",
		"a:" + secret + ":":                  "expected the scopes",
		"a:" + secret + ":all,":              "entry 2",
		"a:" + secret + ":all,a:x" + secret + ":all": "entry 2: its name or its secret",
		"a:" + secret + ":all,b:" + secret + ":auth": "entry 2: its name or its secret",
	} {
		_, err := newServer(t, map[string]string{"api.keys": text, "api.listen": "127.0.0.1:0"})
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v; want …%s…", text, err, says)
		}
	}
	if _, err := newServer(t, map[string]string{"api.keys": "a:" + secret + ":all"}); err == nil || !strings.Contains(err.Error(), "api.listen") {
		t.Errorf("without an address: %v", err)
	}
	if got := fmt.Sprint(api.Secrets("a:b:c:all, d:e:auth,f")); got != "[b:c e]" {
		t.Errorf("secrets: %s", got)
	}
}

func newServer(t *testing.T, flags map[string]string) (*api.Server, error) {
	t.Helper()
	base, err := settings.Load(settings.Options{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	return api.New(api.Options{Settings: base})
}

// Neither what is logged nor what is refused holds a secret, of the service or of
// a person.
func TestSecretsAreNotLogged(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, impatient(t, server))
	token, id := b.signIn("ann@example.com")
	answers := []answer{
		b.post("sessions/validate", object{"token": token, "ip": other}),
		b.post("sessions/validate", object{"token": token, "ip": token}),
		b.post("sessions/validate", object{"token": token, token: token}),
		b.post("sessions/validate", token),
		b.ask("__Host-session="+token, "__Host-session="+token),
		b.send(http.MethodGet, "/v1/users/ann/sessions?"+token, nil),
		b.send(http.MethodGet, "/v1/"+token, nil),
	}
	b.key = "x" + everything
	answers = append(answers, b.validate(token))
	b.key = everything
	server.Kill()
	answers = append(answers, b.validate(token), b.send(http.MethodDelete, "/v1/users/ann@example.com/sessions?except="+id, nil))
	var all strings.Builder
	for _, a := range answers {
		if a.Code < 400 {
			t.Errorf("%s: %d", a.what, a.Code)
		}
		fmt.Fprintln(&all, a.Header(), a.Body)
	}
	entries := b.logged.All()
	if len(entries) < len(answers) {
		t.Errorf("%d entries are logged", len(entries))
	}
	for _, e := range entries {
		fmt.Fprintln(&all, e.Message, e.ContextMap())
	}
	for _, secret := range []string{token, everything, token[:20], "ann@example.com"} {
		if strings.Contains(all.String(), secret) {
			t.Errorf("%s is shown:\n%s", secret, all.String())
		}
	}
}
