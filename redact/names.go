package redact

import (
	"slices"
	"strings"
	"unicode"
)

// names tells the names of fields that hold secrets.
type names struct {
	secrets map[string]bool // in lower case, letters and digits only
	longest int             // of them, in bytes

	// hints has the first three letters of every secret name; a name without
	// any of them is told to be none in little time.
	hints  [1 << 15]bool
	always bool // there is a name that hints cannot tell
}

// secretNames are names that say secret by themselves or as the last or a
// middle part of a longer name: user_password, X-Api-Key, tokenValue.
func secretNames() []string {
	return []string{
		"password", "passwords", "passwd", "passphrase", "passcode", "pwd", "pass",
		"secret", "secrets", "token", "tokens", "jwt", "bearer",
		"apikey", "accesskey", "privatekey", "secretkey", "signingkey", "encryptionkey", "sessionkey", "authkey",
		"sessionid", "sessid", "phpsessid", "jsessionid", "sid",
		"authorization", "cookie", "cookies", "csrf", "xsrf", "otp", "totp",
		"credential", "credentials", "requirepass", "masterauth",
	}
}

// strongNames say secret wherever they stand in a name, even in one written
// without separators.
func strongNames() []string {
	return []string{"password", "passwd", "passphrase", "secret", "credential", "privatekey", "apikey", "accesstoken", "refreshtoken", "authtoken", "csrftoken", "sessiontoken"}
}

// plainEndings are last words of names that tell something about a secret and
// not the secret: token_expires_at, cookie_secure, password_length.
func plainEndings() []string {
	return []string{
		"at", "in", "until", "since", "age", "ttl", "exp", "expires", "expiry", "expired", "seconds", "ms",
		"type", "count", "size", "length", "limit", "max", "min", "version", "name", "policy",
		"enabled", "required", "secure", "httponly", "samesite", "changed", "updated", "created", "rotated", "used",
	}
}

func newNames(more []string) *names {
	n := &names{secrets: make(map[string]bool)}
	for _, s := range append(secretNames(), more...) {
		if s = strings.Join(nameWords(s), ""); s != "" {
			n.secrets[s] = true
			n.longest = max(n.longest, len(s))
			n.hint(s)
		}
	}
	for _, s := range strongNames() {
		n.hint(s)
	}
	return n
}

func (n *names) hint(secret string) {
	if len(secret) < 3 || strings.Trim(secret[:3], "abcdefghijklmnopqrstuvwxyz") != "" {
		n.always = true
		return
	}
	n.hints[trigram(trigram(trigram(0, secret[0]), secret[1]), secret[2])] = true
}

// trigram adds a letter to the last two.
func trigram(last int, letter byte) int { return (last<<5 | int(letter&0x1f)) & (1<<15 - 1) }

// hinted reports whether a name may be a secret's.
func (n *names) hinted(name string) bool {
	last, letters := 0, 0
	for i := range len(name) {
		if kindOf(name[i]|0x20) != 'a' {
			continue
		}
		letters++
		if last = trigram(last, name[i]); letters >= 3 && n.hints[last] {
			return true
		}
	}
	return n.always
}

// maxName bounds how much of a field's name is looked at: so many bytes at its
// end.
const maxName = 128

func (n *names) secret(name string) bool {
	name = name[max(len(name)-maxName, 0):]
	if !n.hinted(name) {
		return false
	}
	words := nameWords(name)
	if len(words) == 0 {
		return false
	}
	if len(words) > 1 && slices.Contains(plainEndings(), words[len(words)-1]) {
		return n.secrets[strings.Join(words, "")]
	}
	whole := strings.Join(words, "")
	if n.hasRun(words, whole) {
		return true
	}
	return slices.ContainsFunc(strongNames(), func(s string) bool { return strings.Contains(whole, s) })
}

// hasRun reports whether some words in a row are a secret's name.
func (n *names) hasRun(words []string, whole string) bool {
	from := 0
	for i, first := range words {
		to := from
		for _, w := range words[i:] {
			if to += len(w); to-from > n.longest {
				break
			}
			if n.secrets[whole[from:to]] {
				return true
			}
		}
		from += len(first)
	}
	return false
}

// nameWords splits a name at its separators and where a capital begins a word,
// and answers the words in lower case.
func nameWords(name string) []string {
	var words []string
	var word strings.Builder
	flush := func() {
		if word.Len() > 0 {
			words = append(words, strings.ToLower(word.String()))
			word.Reset()
		}
	}
	lower := false
	for _, c := range name {
		switch {
		case !unicode.IsLetter(c) && !unicode.IsDigit(c):
			flush()
			lower = false
			continue
		case unicode.IsUpper(c) && lower:
			flush()
		}
		lower = !unicode.IsUpper(c)
		word.WriteRune(c)
	}
	flush()
	return words
}
