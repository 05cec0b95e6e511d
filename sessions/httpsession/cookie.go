package httpsession

import (
	"net/http"
	"slices"
	"strings"

	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/settings"
)

// Cookie is how the session cookie is called and what browsers may do with it.
// It belongs to one host and all its paths, and ends with the browser; how long
// the session itself lasts is Redis's to say.
type Cookie struct {
	// Name is the cookie's without a prefix.
	Name     string
	Secure   bool // travels over HTTPS only
	HTTPOnly bool // hidden from scripts
	SameSite http.SameSite
}

// hostPrefix makes browsers take a cookie only over HTTPS and from the host
// itself, so that no other host of the domain can plant one.
const hostPrefix = "__Host-"

// CookieOf reads the cookie settings in force.
func CookieOf(s *settings.Snapshot) Cookie {
	return Cookie{
		Name:     s.Text(settings.SessionsCookieName),
		Secure:   s.Bool(settings.SessionCookieSecure),
		HTTPOnly: s.Bool(settings.SessionCookieHTTPOnly),
		SameSite: sameSite(s.Text(settings.SessionCookieSameSite)),
	}
}

func sameSite(word string) http.SameSite {
	switch word {
	case "lax":
		return http.SameSiteLaxMode
	case "none":
		return http.SameSiteNoneMode
	}
	return http.SameSiteStrictMode
}

// Live answers the cookie settings in force whenever it is asked. *settings.Live
// and *settings.Base are what it reads from.
func Live(source interface{ Snapshot() *settings.Snapshot }) func() Cookie {
	return func() Cookie { return CookieOf(source.Snapshot()) }
}

// Fixed answers always the same.
func Fixed(c Cookie) func() Cookie { return func() Cookie { return c } }

// FullName is the name that browsers know: with __Host- before it where the
// cookie is Secure. A cookie of the other name is not looked at, since another
// host of the domain could have planted it.
func (c Cookie) FullName() string {
	if c.Secure {
		return hostPrefix + c.Name
	}
	return c.Name
}

// blanks may stand around a cookie's name. Other white space is part of it: a
// cookie whose name only looks like ours after that is gone is not ours, and
// browsers do not hold it to the prefix.
const blanks = " \t"

// Token answers what the session cookie of a request holds. ok is false where
// there is none, and where there are several: nobody can say which of them is
// the person's own.
func (c Cookie) Token(r *http.Request) (token sessions.Token, ok bool) {
	found := 0
	for _, line := range r.Header.Values("Cookie") {
		for pair := range strings.SplitSeq(line, ";") {
			if name, value, _ := strings.Cut(pair, "="); strings.Trim(name, blanks) == c.FullName() {
				token = sessions.Token(strings.Trim(value, blanks))
				found++
			}
		}
	}
	if found != 1 || token == "" {
		return "", false
	}
	return token, true
}

func (c Cookie) set(w http.ResponseWriter, token sessions.Token) {
	c.write(w, &http.Cookie{Value: string(token)})
}

func (c Cookie) clear(w http.ResponseWriter) {
	c.write(w, &http.Cookie{MaxAge: -1})
}

// write sets the cookie in place of one that the response may have already, and
// keeps the response out of caches.
func (c Cookie) write(w http.ResponseWriter, cookie *http.Cookie) {
	cookie.Name, cookie.Path = c.FullName(), "/"
	cookie.Secure, cookie.HttpOnly, cookie.SameSite = c.Secure, c.HTTPOnly, c.SameSite
	header := w.Header()
	header["Set-Cookie"] = append(slices.DeleteFunc(header["Set-Cookie"], func(line string) bool {
		return strings.HasPrefix(line, cookie.Name+"=")
	}), cookie.String())
	header.Set("Cache-Control", "no-store")
}
