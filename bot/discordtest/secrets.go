package discordtest

import (
	"bytes"
	"fmt"
	"strings"
)

// NeverSees fails the test at its end if any of the secrets stood in anything
// that the bot sent: in an address, a text, a component, a form or a file, as it
// is or with marks between its letters. The bot's own token is always one.
func (d *Discord) NeverSees(secrets ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.secrets = append(d.secrets, secrets...)
}

// Leaks answers where a secret stood so far, one line for each request.
func (d *Discord) Leaks() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var found []string
	for _, r := range d.requests {
		for _, secret := range append([]string{d.opts.token}, d.secrets...) {
			if r.holds(secret) {
				found = append(found, fmt.Sprintf("%q in %s", secret, shorten(r.String())))
			}
		}
	}
	return found
}

func (d *Discord) reportLeaks() {
	d.t.Helper()
	if found := d.Leaks(); len(found) > 0 {
		d.t.Errorf("discordtest: the bot sent secrets:\n%s", strings.Join(found, "\n"))
	}
}

// holds reports whether a secret stands anywhere in a request but its headers.
func (r *Request) holds(secret string) bool {
	secret = unmarked.Replace(secret)
	found := strings.Contains(r.Path+"?"+r.Query.Encode(), secret)
	walkStrings(r.payload, func(s string) { found = found || strings.Contains(unmarked.Replace(s), secret) })
	for _, f := range r.Files {
		found = found || bytes.Contains([]byte(unmarked.Replace(string(f.Data))), []byte(secret))
	}
	return found
}

// unmarked takes out what a bot may put between letters so that they are no
// markup.
var unmarked = strings.NewReplacer("\u200b", "", `\`, "")
