package redact

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// Ellipsis ends what is shown of an id.
const Ellipsis = "…"

// shownOfID is how many characters of an id are shown.
const shownOfID = 8

const (
	sessionPrefix = "session:"
	userPrefix    = "user:"
)

// Key answers the name of a key as it may be shown: of the id of a session,
// and of anything that looks like a secret in other names, the first eight
// characters and an ellipsis. The id of the user stays whole. It answers the
// slice itself where there is nothing to hide; else it appends to buf[:0].
func (r *Redactor) Key(buf, key []byte) []byte {
	if !bytes.HasPrefix(key, []byte(sessionPrefix)) {
		return r.redact(key, keys)
	}
	at := idPlace(key)
	end, long := shownEnd(key[at:])
	if !long {
		return key
	}
	return append(append(buf[:0], key[:at+end]...), Ellipsis...)
}

// idPlace answers where in the name of a session's key the id begins; it is
// the name's end where there is none. A prefix that was typed once too often is
// stepped over.
func idPlace(key []byte) int {
	at := 0
	for bytes.HasPrefix(key[at:], []byte(sessionPrefix)) {
		at += len(sessionPrefix)
	}
	rest, ofUser := bytes.CutPrefix(key[at:], []byte(userPrefix))
	if !ofUser {
		return at
	}
	i := bytes.IndexByte(rest, ':')
	if i < 0 {
		return len(key)
	}
	at += len(userPrefix) + i + 1
	if rest = key[at:]; bytes.HasPrefix(rest, []byte("{")) {
		if i := bytes.IndexByte(rest, '}'); i >= 0 && i <= maxTag {
			at += i + 1
		}
	}
	return at
}

// maxTag bounds the hash tag before an id, which is shown whole.
const maxTag = 24

// shownEnd answers where the first eight characters of an id end, and whether
// the id goes on behind them.
func shownEnd(id []byte) (end int, long bool) {
	for range shownOfID {
		if end == len(id) {
			return end, false
		}
		_, n := utf8.DecodeRune(id[end:])
		end += n
	}
	return end, end < len(id) && string(id[end:]) != Ellipsis
}

// short is an id as Key shows it.
func short(id []byte) []byte {
	end, long := shownEnd(id)
	if !long {
		return id
	}
	return append(bytes.Clone(id[:end]), Ellipsis...)
}

// shortToken is a secret as it is shown in the name of a key: so much that it
// can be told from others, and of short ones nothing.
func shortToken(token []byte) []byte {
	switch {
	case bytes.HasSuffix(token, []byte(Ellipsis)):
		return token
	case len(token) <= 2*shownOfID:
		return []byte(Ellipsis)
	}
	return short(token)
}

// IsShort reports whether a word may be a key as Key shows it, or as people
// type that: with three dots at its end.
func IsShort(word string) bool {
	return strings.Contains(word, Ellipsis) || strings.HasSuffix(word, "...") && len(word) > 3
}

// Pattern answers the glob that the keys match which a short form may stand
// for.
func Pattern(shortForm string) string {
	if cut, ok := strings.CutSuffix(shortForm, "..."); ok {
		shortForm = cut + Ellipsis
	}
	escaped := strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`, `]`, `\]`).Replace(shortForm)
	return strings.ReplaceAll(escaped, Ellipsis, "*")
}
