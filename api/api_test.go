package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/helix-collective/helix/api"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/settings"
)

const (
	home  = "203.0.113.7"
	other = "198.51.100.9"
)

// The keys of the tests, each named by its scopes.
const (
	everything = "0123456789abcdef-all"
	onlyAuth   = "0123456789abcdef-auth"
	onlyUsers  = "0123456789abcdef:users+policy"
	keysText   = "backend:" + everything + ":all,nginx:" + onlyAuth + ":auth,desk:" + onlyUsers + ":users+policy"
)

// bench is a service and what it stands on.
type bench struct {
	t      *testing.T
	store  *sessions.Store
	live   *settings.Live
	logged *observer.ObservedLogs
	server *api.Server

	description *description
	handler     http.Handler

	key    string // of the next requests
	header http.Header
	peer   string
}

// newBench answers a service with settings of its own besides those of the tests.
func newBench(t *testing.T, client redis.UniversalClient, set ...string) *bench {
	t.Helper()
	flags := map[string]string{"api.listen": "127.0.0.1:0", "api.keys": keysText, "api.trusted_proxies": "127.0.0.1,10.0.0.0/8"}
	for _, one := range set {
		name, value, _ := strings.Cut(one, "=")
		flags[name] = value
	}
	base, err := settings.Load(settings.Options{Flags: flags})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, live: settings.Open(t.Context(), client, base), key: everything, header: http.Header{}, peer: "127.0.0.1:40000"}
	b.store = sessions.New(client, sessions.Live(b.live), sessions.Options{})
	core, logged := observer.New(zap.DebugLevel)
	b.logged = logged
	if b.server, err = api.New(api.Options{Store: b.store, Settings: b.live, Log: zap.New(core)}); err != nil {
		t.Fatal(err)
	}
	b.description = readDescription(t)
	b.handler = b.server.Handler()
	return b
}

// set changes settings live.
func (b *bench) set(words ...string) {
	b.t.Helper()
	wishes, err := settings.ParseAssignments(words)
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.live.Set(b.t.Context(), wishes, settings.Who{ID: "1", Name: "ann"}); err != nil {
		b.t.Fatal(err)
	}
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	t    *testing.T
	what string
}

// send makes a request and holds it against the description. body is text as it
// is, or what is to be JSON.
func (b *bench) send(method, target string, body any) answer {
	b.t.Helper()
	text, ok := body.(string)
	if !ok && body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		text = string(raw)
	}
	r := httptest.NewRequestWithContext(b.t.Context(), method, target, strings.NewReader(text))
	r.Host, r.RemoteAddr = "localhost:8700", b.peer
	if b.key != "" {
		r.Header.Set("Authorization", "Bearer "+b.key)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, values := range b.header {
		r.Header[name] = values
		if name == "Host" {
			r.Host = values[0]
		}
	}
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	b.description.check(b.t, r, text, w)
	return answer{w, b.t, method + " " + target + " " + text}
}

func (b *bench) post(path string, body any) answer {
	b.t.Helper()
	return b.send(http.MethodPost, "/v1/"+path, body)
}

// wants holds the status of an answer against want.
func (a answer) wants(status int) answer {
	a.t.Helper()
	if a.Code != status {
		a.t.Errorf("%s: %d %s, want %d", a.what, a.Code, a.Body, status)
	}
	return a
}

// refuses holds an answer against a problem of a type.
func (a answer) refuses(status int, kind string) answer {
	a.t.Helper()
	a.wants(status)
	if got := a.text("type"); got != "urn:helix:problem:"+kind {
		a.t.Errorf("%s: of type %q, want %q", a.what, got, kind)
	}
	return a
}

// value answers what stands in the JSON at a path of members; nil where there is
// nothing.
func (a answer) value(path ...string) any {
	a.t.Helper()
	var v any
	d := json.NewDecoder(bytes.NewReader(a.Body.Bytes()))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		a.t.Fatalf("%s: %d %q: %v", a.what, a.Code, a.Body, err)
	}
	for _, name := range path {
		object, _ := v.(map[string]any)
		v = object[name]
	}
	return v
}

func (a answer) text(path ...string) string {
	a.t.Helper()
	text, _ := a.value(path...).(string)
	return text
}

type object = map[string]any

// signIn makes a session and answers its token and id.
func (b *bench) signIn(userID string) (token, id string) {
	b.t.Helper()
	made := b.post("sessions", object{"user_id": userID, "ip": home}).wants(http.StatusCreated)
	return made.text("token"), made.text("session", "id")
}

func (b *bench) validate(token string) answer {
	b.t.Helper()
	return b.post("sessions/validate", object{"token": token, "ip": home})
}

func TestTheLifeOfASession(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		b := newBench(t, client)
		made := b.post("sessions", object{"user_id": nil, "ip": "::ffff:" + home, "user_agent": "Firefox", "data": object{"n": json.Number("12345678901234567890")}}).wants(http.StatusCreated)
		visitor := made.text("token")
		if made.value("expires_in") != json.Number("300") || made.text("session", "ip") != home || made.value("session", "user_id") != nil {
			t.Errorf("made: %s", made.Body)
		}
		found := b.validate(visitor).wants(http.StatusOK)
		if found.text("session", "user_agent") != "Firefox" || found.value("session", "data", "n") != json.Number("12345678901234567890") || found.value("token") != nil {
			t.Errorf("found: %s", found.Body)
		}
		signedIn := b.post("sessions/regenerate", object{"token": visitor, "user_id": "ann", "ip": home}).wants(http.StatusOK)
		token := signedIn.text("token")
		b.validate(visitor).refuses(http.StatusUnauthorized, "no-session")
		if signedIn.text("session", "user_id") != "ann" || token == visitor || signedIn.value("session", "authenticated_at") == nil {
			t.Errorf("signed in: %s", signedIn.Body)
		}
		rotated := b.post("sessions/regenerate", object{"token": token, "ip": home}).wants(http.StatusOK)
		if retired := b.validate(token).wants(http.StatusOK); retired.value("session", "retired") != true {
			t.Errorf("with the old token: %s", retired.Body)
		}
		next := rotated.text("token")
		for range 2 {
			if w := b.post("sessions/destroy", object{"token": next}).wants(http.StatusNoContent); w.Body.Len() > 0 {
				t.Errorf("204 with %q", w.Body)
			}
		}
		for _, dead := range []string{token, next} {
			b.validate(dead).refuses(http.StatusUnauthorized, "no-session")
		}
	})
}

func TestTheSessionsOfAPerson(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		b := newBench(t, client)
		const person = "/v1/users/a%2Fb%40example.com%3A%2E%2E/sessions"
		_, first := b.signIn("a/b@example.com:..")
		_, second := b.signIn("a/b@example.com:..")
		all, _ := b.send(http.MethodGet, person, nil).wants(http.StatusOK).value("sessions").([]any)
		if len(all) != 2 {
			t.Fatalf("%v", all)
		}
		but, _ := b.send(http.MethodGet, person+"?except="+first, nil).wants(http.StatusOK).value("sessions").([]any)
		if len(but) != 1 {
			t.Errorf("%v", but)
		}
		if ended := b.send(http.MethodDelete, person+"?except="+second+"&except=x", nil).wants(http.StatusOK).value("ended"); ended != json.Number("1") {
			t.Errorf("%v ended", ended)
		}
		b.send(http.MethodDelete, person+"?except=", nil).refuses(http.StatusBadRequest, "invalid")
		b.send(http.MethodDelete, person+"?expect="+second, nil).refuses(http.StatusBadRequest, "invalid")
		b.send(http.MethodDelete, person+"?except=%zz", nil).refuses(http.StatusBadRequest, "invalid")
		if n, err := b.store.CountUser(t.Context(), "a/b@example.com:.."); n != 1 || err != nil {
			t.Errorf("%d are left, %v", n, err)
		}
		if ended := b.send(http.MethodDelete, person, nil).wants(http.StatusOK).value("ended"); ended != json.Number("1") {
			t.Errorf("%v ended", ended)
		}
		if none := b.send(http.MethodGet, "/v1/users/nobody/sessions", nil).wants(http.StatusOK).Body.String(); none != `{"sessions":[]}`+"\n" {
			t.Errorf("of nobody: %s", none)
		}
		b.send(http.MethodGet, "/v1/users/"+strings.Repeat("a", 257)+"/sessions", nil).refuses(http.StatusBadRequest, "invalid")
		b.send(http.MethodGet, "/v1/users/%ff/sessions", nil).refuses(http.StatusBadRequest, "invalid")
	})
}

// The id of a session that other software made is a credential, which a list
// must not hand out.
func TestForeignIDsAreShortened(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		b := newBench(t, client)
		const id = "3f2a9c01-77aa-4bbb-8ccc-0123456789ab"
		b.signIn("ann")
		now := time.Now().Unix()
		value := fmt.Sprintf(`{"user_id":"ann","ip":%q,"created_at":%d.5,"last_accessed":%d.5}`, home, now, now)
		if err := client.Set(t.Context(), "session:"+id, value, 0).Err(); err != nil {
			t.Fatal(err)
		}
		found := b.validate(id).wants(http.StatusOK)
		if found.text("session", "id") != "3f2a9c01…" || found.value("session", "foreign") != true || strings.Contains(found.Body.String(), id) {
			t.Errorf("%s", found.Body)
		}
		list, err := b.store.List(t.Context(), "ann")
		if err != nil {
			t.Fatal(err)
		}
		key := strings.Replace(list[0].Key[:strings.Index(list[0].Key, "}")+1], "session:user:ann:", "helix:index:", 1) + ":ann"
		if err := client.ZAdd(t.Context(), key, redis.Z{Score: 1, Member: "session:" + id}).Err(); err != nil { // as cleanup does
			t.Fatal(err)
		}
		if err := client.Persist(t.Context(), "session:"+id).Err(); err != nil {
			t.Fatal(err)
		}
		listed := b.send(http.MethodGet, "/v1/users/ann/sessions", nil).wants(http.StatusOK)
		if !strings.Contains(listed.Body.String(), `"expires_in":null`) {
			t.Errorf("of one without a TTL: %s", listed.Body)
		}
		if strings.Contains(listed.Body.String(), id) || !strings.Contains(listed.Body.String(), "3f2a9c01…") {
			t.Errorf("%s", listed.Body)
		}
		if ended := b.send(http.MethodDelete, "/v1/users/ann/sessions?except=3f2a9c01%E2%80%A6", nil).wants(http.StatusOK).value("ended"); ended != json.Number("1") {
			t.Errorf("%v ended", ended)
		}
		b.validate(id).wants(http.StatusOK)
	})
}

func TestLimitsSayWhichAndWhen(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		b := newBench(t, client)
		b.set("redis.max_sessions_action=deny", "redis.max_sessions_per_user=1", "redis.max_sessions_per_ip_per_hour=2")
		b.signIn("ann")
		full := b.post("sessions", object{"user_id": "ann", "ip": home}).refuses(http.StatusTooManyRequests, "limit")
		if full.text("limit") != "redis.max_sessions_per_user" || full.value("max") != json.Number("1") || full.Header().Get("Retry-After") != "" {
			t.Errorf("%v %s", full.Header(), full.Body)
		}
		b.signIn("ben")
		full = b.post("sessions", object{"user_id": "cid", "ip": home}).refuses(http.StatusTooManyRequests, "limit")
		if full.text("limit") != "redis.max_sessions_per_ip_per_hour" || full.Header().Get("Retry-After") != "3600" || full.value("retry_after") != json.Number("3600") {
			t.Errorf("%v %s", full.Header(), full.Body)
		}
		b.set("redis.max_sessions_per_ip_per_hour=3")
		b.signIn("cid")
	})
}

func TestThePolicyIsLive(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		b := newBench(t, client)
		token, _ := b.signIn("ann")
		b.set("redis.session_ttl=600", "redis.session_idle_timeout=120", "redis.session_cookie_secure=false", "redis.session_cookie_samesite=lax")
		policy := b.send(http.MethodGet, "/v1/policy", nil).wants(http.StatusOK)
		for name, want := range map[string]any{"redis.session_ttl": json.Number("600"), "redis.session_bind_ip": true, "redis.max_sessions_action": "evict-oldest", "sessions.grace": json.Number("10")} {
			if got := policy.value("policy", name); got != want {
				t.Errorf("%s is %v, want %v", name, got, want)
			}
		}
		if policy.value("revision") != json.Number("1") || policy.text("cookie", "name") != "session" || policy.text("cookie", "same_site") != "lax" || policy.value("cookie", "secure") != false {
			t.Errorf("%s", policy.Body)
		}
		if found := b.validate(token).wants(http.StatusOK); found.value("expires_in") != json.Number("120") {
			t.Errorf("%s", found.Body)
		}
	})
}

// impatient answers a client that gives up at once where its server is gone.
func impatient(t *testing.T, server *redistest.Server) *redis.Client {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: server.Addr, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true})
	t.Cleanup(func() { client.Close() })
	return client
}

// A Redis that is away is neither a missing session nor told about.
func TestFaults(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, impatient(t, server))
	token, _ := b.signIn("ann")
	server.Kill()
	for _, gone := range []answer{
		b.validate(token),
		b.post("sessions", object{"user_id": "ann", "ip": home}),
		b.post("sessions/regenerate", object{"token": token, "ip": home}),
		b.post("sessions/destroy", object{"token": token}),
		b.send(http.MethodGet, "/v1/users/ann/sessions", nil),
		b.send(http.MethodDelete, "/v1/users/ann/sessions", nil),
		b.ask("__Host-session=" + token),
	} {
		gone.refuses(http.StatusServiceUnavailable, "unavailable")
		if strings.Contains(gone.Body.String(), server.Addr) {
			t.Errorf("%s", gone.Body)
		}
	}
	b.send(http.MethodGet, "/v1/policy", nil).wants(http.StatusOK)
	if n := b.logged.FilterMessage("a request of the session service failed").Len(); n != 7 {
		t.Errorf("%d faults are logged, want 7", n)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	b := newBench(t, redistest.Any(t).Client())
	b.send(http.MethodGet, "/", nil).refuses(http.StatusNotFound, "not-found")
	b.send(http.MethodGet, "/v1/sessions/", nil).refuses(http.StatusNotFound, "not-found")
	if allow := b.send(http.MethodGet, "/v1/sessions", nil).refuses(http.StatusMethodNotAllowed, "method-not-allowed").Header().Values("Allow"); len(allow) != 1 || allow[0] != "POST" {
		t.Errorf("Allow: %q", allow)
	}
	if allow := b.post("users/ann/sessions", object{}).refuses(http.StatusMethodNotAllowed, "method-not-allowed").Header().Values("Allow"); strings.Join(allow, " ") != "DELETE GET" {
		t.Errorf("Allow: %q", allow)
	}
}
