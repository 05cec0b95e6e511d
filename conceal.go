package main

import (
	"cmp"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/helix-collective/helix/api"
	"github.com/helix-collective/helix/redact"
	"github.com/helix-collective/helix/settings"
)

// concealer takes out of what people type the secrets that Helix itself holds,
// and the words that are secrets by what stands before them.
type concealer struct {
	held  *strings.Replacer
	typed []*regexp.Regexp // the first group stays, the rest goes
}

// shortestHeld is how long a secret of ours has to be to be looked for: texts
// would become unreadable without every "a".
const shortestHeld = 4

func newConcealer(s *settings.Snapshot, more ...string) concealer {
	var keys []string
	for _, row := range settings.Table() {
		if row.Secret {
			keys = append(keys, regexp.QuoteMeta(row.Key))
		}
	}
	var held []string
	for _, secret := range heldSecrets(s, more...) {
		held = append(held, secret, redact.Mask)
	}
	return concealer{held: strings.NewReplacer(held...), typed: typedSecrets(strings.Join(keys, "|"))}
}

// heldSecrets lists the secrets that Helix itself holds: those of settings, and
// more. The longest come first, so that masking one leaves no piece of another.
func heldSecrets(s *settings.Snapshot, more ...string) []string {
	list := slices.Clone(more)
	for _, row := range settings.Table() {
		if row.Secret {
			list = append(list, parts(s.Secret(settings.SecretKey(row.Key)))...)
		}
	}
	list = append(list, api.Secrets(s.Secret(settings.APIKeys))...)
	list = slices.DeleteFunc(list, func(secret string) bool { return len(secret) < shortestHeld })
	slices.SortFunc(list, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	return slices.Compact(list)
}

// parts answers a secret, and the password in it where it is an address.
func parts(secret string) []string {
	list := []string{secret}
	if u, err := url.Parse(secret); err == nil && u.User != nil {
		if password, ok := u.User.Password(); ok {
			list = append(list, password)
		}
	}
	return list
}

// typedSecrets find what is a secret by the words before it: settings by these
// keys, fields that are called so, and Redis's own ways to give a password.
func typedSecrets(keys string) []*regexp.Regexp {
	// One word of a program, in whatever quotes; an unclosed one runs to the end.
	const word = `(?:"[^"]*"?|'[^']*'?|\\.|[^\s;|&"'\\])+`
	var list []*regexp.Regexp
	for _, pattern := range []string{
		`((?:` + keys + `|requirepass|masterauth)["']?(?:\s*[=:]\s*|\s+))` + word,
		`([a-z0-9_.-]*(?:token|secret|passwd|password|passphrase)["']?\s*[=:]\s*)` + word,
		`(\bauth["']?\s+)` + word + `(?:[ \t]+` + word + `)?`,
		`(\bredis(?:-cli)?\b[^|;&\n]*\s(?:-a|--pass)[\s=]+)` + word,
		`(\bsetuser\s+` + word + `\s+)[^|;&\n]+`,
		`(\brediss?(?:\+[a-z]+)?://)[^@\s/]+@`,
	} {
		list = append(list, regexp.MustCompile(`(?i)`+pattern))
	}
	return list
}

func (c concealer) conceal(text string) string {
	text = c.held.Replace(text)
	for _, secret := range c.typed {
		text = secret.ReplaceAllString(text, "${1}"+redact.Mask)
	}
	return text
}
