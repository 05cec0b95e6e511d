package api_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// ask asks as a proxy does who a request with these cookies is from, whose client
// is at home unless the headers of the bench say otherwise.
func (b *bench) ask(cookies ...string) answer {
	b.t.Helper()
	b.header["Cookie"] = cookies
	defer delete(b.header, "Cookie")
	if _, told := b.header["X-Forwarded-For"]; !told {
		b.header["X-Forwarded-For"] = []string{home}
		defer delete(b.header, "X-Forwarded-For")
	}
	return b.send(http.MethodGet, "/v1/auth", nil)
}

func TestAuth(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		b := newBench(t, client)
		b.key = onlyAuth
		token, err := b.makes("ann", home)
		if err != nil {
			t.Fatal(err)
		}
		cookie := "__Host-session=" + token
		known := b.ask("theme=dark; "+cookie, "lang=en").wants(http.StatusNoContent)
		if known.Header().Get("X-Session-User") != "ann" || known.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%v", known.Header())
		}
		visitor, err := b.makes("", home)
		if err != nil {
			t.Fatal(err)
		}
		for name, cookies := range map[string][]string{
			"no cookie":             nil,
			"another cookie":        {"session=" + token},
			"two cookies":           {cookie + "; " + cookie},
			"two lines of them":     {cookie, cookie},
			"a planted one besides": {"__Host-session=planted; " + cookie},
			"a quoted one":          {`__Host-session="` + token + `"`},
			"a visitor's":           {"__Host-session=" + visitor},
			"a shortened one":       {cookie[:len(cookie)-1]},
			"a lengthened one":      {cookie + "A"},
			"only the secret":       {strings.SplitN(cookie, ".", 2)[0]},
			"of somebody else":      {strings.SplitN(cookie, ".", 2)[0] + ".YmVu"},
			"a key's name":          {"__Host-session=user:ann"},
			"a huge one":            {"__Host-session=" + strings.Repeat("A", 20_000)},
		} {
			refused := b.ask(cookies...)
			if refused.Code != http.StatusUnauthorized || refused.text("type") != "urn:helix:problem:no-session" || refused.Header().Get("X-Session-User") != "" {
				t.Errorf("%s: %d %v %s", name, refused.Code, refused.Header(), refused.Body)
			}
		}
		b.set("redis.session_cookie_secure=false")
		b.ask("session=" + token).wants(http.StatusNoContent)
		b.ask(cookie).wants(http.StatusUnauthorized)
	})
}

// makes makes a session without the service.
func (b *bench) makes(userID, ip string) (string, error) {
	token, _, err := b.store.Create(b.t.Context(), request(userID, ip))
	return string(token), err
}

// The client's address is what a trusted proxy says of it, and nothing else.
func TestAuthBelievesTrustedProxiesAlone(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		b := newBench(t, client)
		token, err := b.makes("ann", home)
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			name, peer string
			forwarded  []string
			want       int
		}{
			{"a trusted proxy", "127.0.0.1:1", []string{home}, http.StatusNoContent},
			{"two of them", "127.0.0.1:1", []string{home + ", 10.1.2.3"}, http.StatusNoContent},
			{"what a client put before", "127.0.0.1:1", []string{other + ", " + home}, http.StatusNoContent},
			{"a client that claims to be at home", "127.0.0.1:1", []string{home + ", " + other}, http.StatusUnauthorized},
			{"the same in two lines", "127.0.0.1:1", []string{home, other}, http.StatusUnauthorized},
			{"a client that claims a proxy of ours", "127.0.0.1:1", []string{home + ", " + other + ", 10.1.2.3"}, http.StatusUnauthorized},
			{"another peer's word", "192.0.2.1:1", []string{home}, http.StatusUnauthorized},
			{"the client itself", home + ":1", []string{other}, http.StatusNoContent},
			{"a proxy that says nothing", "127.0.0.1:1", []string{""}, http.StatusUnauthorized},
			{"a proxy that says nonsense", "127.0.0.1:1", []string{"unknown"}, http.StatusUnauthorized},
			{"a mapped client behind a mapped proxy", "[::ffff:127.0.0.1]:1", []string{"::ffff:" + home}, http.StatusNoContent},
		} {
			b.peer, b.header["X-Forwarded-For"] = tt.peer, tt.forwarded
			if got := b.ask("__Host-session=" + token).Code; got != tt.want {
				t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
			}
		}
		b.peer, b.header["X-Forwarded-For"] = "127.0.0.1:1", []string{other}
		b.header["X-Real-Ip"], b.header["Forwarded"] = []string{home}, []string{"for=" + home}
		b.ask("__Host-session=" + token).wants(http.StatusUnauthorized)
	})
}

// Whatever a person is called, it is one header, and decodes to the person alone.
func TestAuthEncodesThePerson(t *testing.T) {
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) {
		b := newBench(t, client)
		for userID, want := range map[string]string{
			"ann@example.com":              "ann@example.com",
			"ann\r\nX-Admin: yes":          "ann%0D%0AX-Admin:%20yes",
			"jos\u00e9 \u65e5":             "jos%C3%A9%20%E6%97%A5",
			"ann%20":                       "ann%2520",
			"ann,ben;c=d\"":                "ann%2Cben%3Bc=d%22",
			"\x00" + "nul and \x7f delete": "%00nul%20and%20%7F%20delete",
		} {
			token, err := b.makes(userID, home)
			if err != nil {
				t.Fatal(err)
			}
			if got := b.ask("__Host-session=" + token).wants(http.StatusNoContent).Header().Values("X-Session-User"); len(got) != 1 || got[0] != want {
				t.Errorf("%q is %q, want %q", userID, got, want)
			}
		}
	})
}
