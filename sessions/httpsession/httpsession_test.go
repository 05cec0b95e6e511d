package httpsession_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/clientip"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/sessions/httpsession"
	"github.com/helix-collective/helix/settings"
)

const (
	home  = "203.0.113.7"
	other = "198.51.100.9"
	name  = "__Host-session"
)

// site is an application behind a proxy at 127.0.0.1.
type site struct {
	t     *testing.T
	store *sessions.Store
	http.Handler

	policy sessions.Policy // may be changed between requests
	cookie httpsession.Cookie
}

func newSite(t *testing.T, client redis.UniversalClient) *site {
	t.Helper()
	proxies, err := clientip.NewProxies([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	base := settings.Defaults().Snapshot()
	s := &site{t: t, policy: sessions.PolicyOf(base), cookie: httpsession.CookieOf(base)}
	s.store = sessions.New(client, func() sessions.Policy { return s.policy }, sessions.Options{})
	m := httpsession.New(s.store, httpsession.Options{Cookie: func() httpsession.Cookie { return s.cookie }, Proxies: proxies})
	mux := http.NewServeMux()
	mux.HandleFunc("/", who)
	mux.Handle("/account", m.Require(http.HandlerFunc(who)))
	mux.HandleFunc("/visit", func(w http.ResponseWriter, r *http.Request) {
		_, err := m.Visit(w, r, []byte(`{"basket":1}`))
		answer(w, r, err)
	})
	mux.HandleFunc("/signin", func(w http.ResponseWriter, r *http.Request) {
		_, err := m.SignIn(w, r, r.URL.Query().Get("user"), nil)
		answer(w, r, err)
	})
	mux.HandleFunc("/rotate", func(w http.ResponseWriter, r *http.Request) {
		_, err := m.Rotate(w, r)
		answer(w, r, err)
	})
	mux.HandleFunc("/signout", func(w http.ResponseWriter, r *http.Request) { answer(w, r, m.SignOut(w, r)) })
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, r *http.Request) {
		n, err := m.SignOutElsewhere(r)
		w.Header().Set("Ended", strconv.Itoa(n))
		answer(w, r, err)
	})
	s.Handler = m.Handler(mux)
	return s
}

// who writes whose session the request has.
func who(w http.ResponseWriter, r *http.Request) {
	s, ok := httpsession.From(r.Context())
	switch {
	case !ok:
		_, _ = io.WriteString(w, "nobody")
	case s.UserID == "":
		_, _ = io.WriteString(w, "visitor "+string(s.Data))
	default:
		_, _ = io.WriteString(w, s.UserID+" "+string(s.Data))
	}
}

func answer(w http.ResponseWriter, r *http.Request, err error) {
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	who(w, r)
}

// browser keeps the session cookie as a browser would.
type browser struct {
	*site
	token   string // of the session cookie
	address string
	line    string // the last Set-Cookie
	header  http.Header
}

func (s *site) browser() *browser { return &browser{site: s, address: home} }

func (b *browser) send(target string, header ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequestWithContext(b.t.Context(), http.MethodPost, target, nil)
	r.RemoteAddr = "127.0.0.1:40000"
	r.Header.Set("X-Forwarded-For", b.address)
	if b.token != "" {
		r.Header.Set("Cookie", "theme=dark; "+b.cookie.FullName()+"="+b.token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	for _, c := range w.Result().Cookies() {
		b.token, b.line = c.Value, w.Header().Get("Set-Cookie")
	}
	b.header = w.Header()
	return w
}

// wants sends a request and holds what it answers against want.
func (b *browser) wants(target, want string) {
	b.t.Helper()
	if w := b.send(target); strings.TrimSpace(w.Body.String()) != want {
		b.t.Errorf("%s: %d %q, want %q", target, w.Code, w.Body, want)
	}
}

func TestASessionFromVisitToSignOut(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		b := newSite(t, client).browser()
		b.wants("/", "nobody")
		if w := b.send("/account"); w.Code != http.StatusUnauthorized {
			t.Errorf("nobody's account: %d", w.Code)
		}
		b.wants("/visit", `visitor {"basket":1}`)
		if w := b.send("/account"); w.Code != http.StatusUnauthorized {
			t.Errorf("a visitor's account: %d", w.Code)
		}
		visitor := b.token
		b.wants("/signin?user=ann", `ann {"basket":1}`)
		if b.line != name+"="+b.token+"; Path=/; HttpOnly; Secure; SameSite=Strict" || b.token == visitor {
			t.Errorf("Set-Cookie: %q", b.line)
		}
		if b.header.Get("Cache-Control") != "no-store" || b.header.Get("Vary") != "Cookie" {
			t.Errorf("of a response with a cookie: %v", b.header)
		}
		b.wants("/account", `ann {"basket":1}`)
		old := b.token
		b.wants("/rotate", `ann {"basket":1}`)
		if b.token == old {
			t.Error("the token stays")
		}
		b.wants("/signout", "nobody")
		if b.line != name+"=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict" {
			t.Errorf("Set-Cookie: %q", b.line)
		}
		for _, token := range []string{visitor, old} {
			b.token = token
			b.wants("/", "nobody")
		}
	})
}

// What an attacker planted before the sign-in opens nothing afterwards.
func TestFixation(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		s := newSite(t, client)
		attacker := s.browser()
		attacker.send("/visit")
		victim := s.browser()
		victim.token = attacker.token
		victim.wants("/signin?user=ann", `ann {"basket":1}`)
		attacker.wants("/", "nobody")
		victim.wants("/", `ann {"basket":1}`)

		// Nor does another person's session carry data over.
		victim.wants("/signin?user=ben", "ben")
		s.policy.RegenerateOnAuth = false
		before := victim.token
		victim.wants("/signin?user=ben", "ben")
		if victim.token != before {
			t.Error("redis.session_regenerate_on_auth is off, but the token changed")
		}
		s.policy.RegenerateOnAuth = true
		victim.wants("/signin?user=ben", "ben")
		if victim.token == before {
			t.Error("redis.session_regenerate_on_auth is on, but the token stayed")
		}
	})
}

func TestASignInOutlivesALostSession(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		b := newSite(t, client).browser()
		b.send("/visit")
		if err := b.store.Destroy(t.Context(), sessions.Token(b.token)); err != nil {
			t.Fatal(err)
		}
		b.wants("/signin?user=ann", "ann")
		old := b.token
		b.send("/rotate")
		b.token = old // of a request that was on its way
		b.wants("/", "ann")
		b.wants("/rotate", "regenerate a session: no such session: unknown")
		b.wants("/signin?user=ann", "ann")
		if b.token == old {
			t.Error("a retired token is answered")
		}
		b.wants("/signin", "user_id: empty")
	})
}

func TestSignOutElsewhere(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		s := newSite(t, client)
		here, there := s.browser(), s.browser()
		here.send("/signin?user=ann")
		there.send("/signin?user=ann")
		here.wants("/elsewhere", "ann")
		if got := here.header.Get("Ended"); got != "1" {
			t.Errorf("%s ended", got)
		}
		there.wants("/", "nobody")
		here.wants("/", "ann")
		there.wants("/elsewhere", "no such session")
	})
}

// The cookie is as the settings in force say, from the next request on.
func TestCookieSettings(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		live := settings.Open(t.Context(), client, settings.Defaults())
		m := httpsession.New(fixed{}, httpsession.Options{Cookie: httpsession.Live(live)})
		for _, tt := range []struct{ set, want string }{
			{"redis.session_cookie_secure=true", "__Host-session=abc; Path=/; HttpOnly; Secure; SameSite=Strict"},
			{"redis.session_cookie_samesite=lax", "__Host-session=abc; Path=/; HttpOnly; Secure; SameSite=Lax"},
			{"redis.session_cookie_samesite=none", "__Host-session=abc; Path=/; HttpOnly; Secure; SameSite=None"},
			{"redis.session_cookie_httponly=false", "__Host-session=abc; Path=/; Secure; SameSite=None"},
			{"redis.session_cookie_samesite=strict redis.session_cookie_secure=false", "session=abc; Path=/; SameSite=Strict"},
		} {
			wishes, err := settings.ParseAssignments(strings.Fields(tt.set))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := live.Set(t.Context(), wishes, settings.Who{ID: "1", Name: "ann"}); err != nil {
				t.Fatal(err)
			}
			if got := setCookie(t, m); got != tt.want {
				t.Errorf("%s: %q, want %q", tt.set, got, tt.want)
			}
		}
	})
}

func TestCookieName(t *testing.T) {
	base, err := settings.Load(settings.Options{Flags: map[string]string{"sessions.cookie_name": "sid"}})
	if err != nil {
		t.Fatal(err)
	}
	m := httpsession.New(fixed{}, httpsession.Options{Cookie: httpsession.Live(base)})
	if got := setCookie(t, m); !strings.HasPrefix(got, "__Host-sid=abc;") {
		t.Errorf("%q", got)
	}
}

// setCookie answers the cookie of a visit.
func setCookie(t *testing.T, m *httpsession.Manager) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := m.Visit(w, r, nil); err != nil {
			t.Error(err)
		}
	})).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	return w.Header().Get("Set-Cookie")
}

func TestToken(t *testing.T) {
	c := httpsession.Cookie{Name: "session", Secure: true}
	for _, tt := range []struct {
		name    string
		cookies []string
		want    string
	}{
		{"among others", []string{"a=1; __Host-session=abc; b=2"}, "abc"},
		{"in the second line", []string{"a=1", "__Host-session=abc"}, "abc"},
		{"twice", []string{"__Host-session=abc; __Host-session=def"}, ""},
		{"twice the same", []string{"__Host-session=abc; __Host-session=abc"}, ""},
		{"twice in two lines", []string{"__Host-session=abc", "__Host-session=def"}, ""},
		{"twice, one empty", []string{"__Host-session=abc; __Host-session"}, ""},
		{"without its prefix", []string{"session=abc"}, ""},
		{"in other case", []string{"__host-session=abc"}, ""},
		{"behind white space that is no blank", []string{"\u00a0__Host-session=abc"}, ""},
		{"behind a line that is none", []string{"\v__Host-session=abc"}, ""},
		{"as a value", []string{"a=__Host-session=abc"}, ""},
		{"empty", []string{"__Host-session="}, ""},
		{"none", nil, ""},
	} {
		r := &http.Request{Header: http.Header{"Cookie": tt.cookies}}
		token, ok := c.Token(r)
		if string(token) != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %q, %v", tt.name, string(token), ok)
		}
	}
}

// A client cannot choose its address, and a session is bound to its network.
func TestSpoofedAddresses(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		s := newSite(t, client)
		b := s.browser()
		b.address = "[2001:db8::1]:443"
		b.send("/signin?user=ann")
		for address, want := range map[string]string{
			"2001:db8::2%eth0":         "ann", // the same network
			"2001:db8:1::1":            "nobody",
			"2001:db8::1, " + other:    "nobody",
			other:                      "nobody",
			"unknown":                  "nobody",
			"2001:db8::1, 127.0.0.1":   "ann", // another proxy of ours
			other + ", 2001:db8::1":    "ann", // what the client sent stands at the left
			"::ffff:203.0.113.7":       "nobody",
			"2001:db8::1, <script>":    "nobody",
			strings.Repeat("1,", 2000): "nobody",
		} {
			b.address = address
			b.wants("/", want)
		}
		b.address = "2001:db8::1"
		for _, spoofed := range []string{"X-Real-IP", "Forwarded", "True-Client-IP", "CF-Connecting-IP"} {
			b.address = other
			if w := b.send("/", spoofed, "2001:db8::1"); w.Body.String() != "nobody" {
				t.Errorf("%s is believed", spoofed)
			}
		}
	})
}

// A Redis that is away is no sign-out.
func TestFaultsAreNoSignOut(t *testing.T) {
	server := redistest.Standalone(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true})
	t.Cleanup(func() { client.Close() })
	b := newSite(t, client).browser()
	b.send("/signin?user=ann")
	server.Kill()
	w := b.send("/")
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Set-Cookie") != "" || w.Body.Len() > 0 {
		t.Errorf("%d %v %q", w.Code, w.Header(), w.Body)
	}
	b.token = ""
	if w := b.send("/visit"); w.Code != http.StatusConflict || w.Header().Get("Set-Cookie") != "" {
		t.Errorf("a visit: %d %v", w.Code, w.Header())
	}
}

func TestSignOutClearsTheCookieWhateverHappens(t *testing.T) {
	m := httpsession.New(fixed{destroy: errors.New("out of reach")}, httpsession.Options{Cookie: httpsession.Fixed(httpsession.Cookie{Name: "s"})})
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
	if err := m.SignOut(httptest.NewRecorder(), r); !errors.Is(err, httpsession.ErrOutside) {
		t.Errorf("outside the handler: %v", err)
	}
	r.Header.Set("Cookie", "s=abc")
	w := httptest.NewRecorder()
	var err error
	m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { err = m.SignOut(w, r) })).ServeHTTP(w, r)
	if got := w.Header().Values("Set-Cookie"); len(got) != 1 || got[0] != "s=; Path=/; Max-Age=0" {
		t.Errorf("%q", got)
	}
	if err == nil || !strings.Contains(err.Error(), "out of reach") || strings.Contains(err.Error(), "abc") {
		t.Errorf("%v", err)
	}
}

// The last of several changes in one request is the one that the browser hears of.
func TestSeveralChangesInOneRequest(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		s := newSite(t, client)
		m := httpsession.New(s.store, httpsession.Options{Cookie: httpsession.Fixed(s.cookie)})
		w := httptest.NewRecorder()
		m.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "theme", Value: "dark"})
			_, visit := m.Visit(w, r, nil)
			_, signIn := m.SignIn(w, r, "ann", nil)
			_, rotate := m.Rotate(w, r)
			if err := errors.Join(visit, signIn, rotate); err != nil {
				t.Error(err)
			}
		})).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil))
		cookies := w.Result().Cookies()
		if len(cookies) != 2 || cookies[0].Name != "theme" || cookies[1].Name != name {
			t.Fatalf("%v", cookies)
		}
		found, err := s.store.Validate(t.Context(), sessions.Token(cookies[1].Value), "192.0.2.1")
		if err != nil || found.UserID != "ann" || found.Retired {
			t.Errorf("%+v, %v", found, err)
		}
		if n, err := s.store.CountUser(t.Context(), "ann"); n != 1 || err != nil {
			t.Errorf("%d sessions, %v", n, err)
		}
	})
}

// fixed is a store with one anonymous session.
type fixed struct {
	httpsession.Store
	destroy error
}

func (fixed) Create(context.Context, sessions.Request) (sessions.Token, sessions.Session, error) {
	return "abc", sessions.Session{ID: "id"}, nil
}

func (fixed) Validate(context.Context, sessions.Token, string) (sessions.Session, error) {
	return sessions.Session{ID: "id"}, nil
}

func (f fixed) Destroy(context.Context, sessions.Token) error { return f.destroy }
