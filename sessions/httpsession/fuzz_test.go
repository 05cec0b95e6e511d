package httpsession_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/helix-collective/helix/sessions/httpsession"
)

// FuzzCookie holds that of a request's cookies only our own is looked at, and none
// where it stands twice.
func FuzzCookie(f *testing.F) {
	f.Add("a=b; ", "; c=d")
	f.Add("__Host-session=x;", "")
	f.Add("", ";__Host-session")
	f.Add("__host-session=x; \"", "\x00; =")
	c := httpsession.Cookie{Name: "session", Secure: true}
	f.Fuzz(func(t *testing.T, before, behind string) {
		name := c.FullName()
		other := strings.Contains(before, name) || strings.Contains(behind, name)
		r := &http.Request{Header: http.Header{"Cookie": {before + ";" + name + "=mine;" + behind}}}
		if token, ok := c.Token(r); !other && (!ok || string(token) != "mine") {
			t.Errorf("between %q and %q: %v", before, behind, ok)
		}
		r.Header.Add("Cookie", name+"=planted")
		if _, ok := c.Token(r); ok {
			t.Errorf("one of two is taken, between %q and %q", before, behind)
		}
		r.Header = http.Header{"Cookie": {before, behind}}
		if token, ok := c.Token(r); ok && !other {
			t.Errorf("%q and %q hold %d bytes", before, behind, len(string(token)))
		}
	})
}
