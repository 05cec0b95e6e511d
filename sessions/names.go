package sessions

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The prefixes of the keys.
const (
	sessionPrefix = "session:"
	userPrefix    = "session:user:"
	indexPrefix   = "helix:index:"
	retiredPrefix = "helix:retired:"
	addressPrefix = "helix:address:"
	claimPrefix   = "helix:claim:"
)

// names makes the names of keys, and the ids in them.
type names struct{ key []byte }

// place is where a session is kept.
type place struct {
	userID  string
	id      string
	key     string
	index   string // empty for anonymous and foreign sessions
	retired string // as index
	foreign bool
}

// own answers the place of a session that this package makes.
func own(userID, id string) place {
	if userID == "" {
		return place{id: id, key: sessionPrefix + id}
	}
	tag, escaped := tag(userID), escape(userID)
	return place{
		userID: userID, id: id,
		key:     userPrefix + escaped + ":" + tag + id,
		index:   indexPrefix + tag + ":" + escaped,
		retired: retiredPrefix + tag + id,
	}
}

// foreign answers the place of a session that other software made.
func foreign(key string) place {
	return place{id: strings.TrimPrefix(key, sessionPrefix), key: key, foreign: true}
}

// keys answers the keys as the scripts take them.
func (p place) keys() []string {
	if p.index == "" {
		return []string{p.key}
	}
	return []string{p.key, p.index, p.retired}
}

// member answers what a session is called in the index of its person.
func (p place) member() string {
	if p.foreign {
		return p.key
	}
	return p.id
}

// claim answers the key, in the session's slot, by which one of several sign-ins
// with its token is the first.
func (p place) claim() string {
	if p.index != "" {
		return claimPrefix + tag(p.userID) + p.id
	}
	return claimPrefix + "{" + p.key + "}"
}

func index(userID string) string { return indexPrefix + tag(userID) + ":" + escape(userID) }

// tag answers the hash tag of a person's keys, which puts them in one slot of a
// Cluster.
func tag(userID string) string {
	sum := sha256.Sum256([]byte(userID))
	text := append(make([]byte, 0, len("{000000}")), '{')
	return string(append(hex.AppendEncode(text, sum[:3]), '}'))
}

// of answers where the session of a token is kept.
func (n names) of(t Token) (place, bool) {
	if len(t) == uuidLength && uuid.MatchString(string(t)) {
		return foreign(sessionPrefix + string(t)), true
	}
	secret, userID, ok := t.parse()
	if !ok {
		return place{}, false
	}
	return own(userID, n.id(secret, userID)), true
}

// ids are what this package calls sessions.
var ids = regexp.MustCompile(`^[a-z2-7]{32}$`)

// at answers the place that a key names; ok is false for a key that is no
// session's.
func at(key string) (p place, ok bool) {
	rest, ok := strings.CutPrefix(key, sessionPrefix)
	if !ok || rest == "" {
		return place{}, false
	}
	if ids.MatchString(rest) {
		return own("", rest), true
	}
	if p, ok := signedIn(key); ok {
		return p, true
	}
	return foreign(key), true
}

// signedIn answers the place that the key of a signed-in person's session names,
// if it is one that this package makes.
func signedIn(key string) (place, bool) {
	rest, ok := strings.CutPrefix(key, userPrefix)
	escaped, rest, cut := strings.Cut(rest, ":{")
	_, id, tagged := strings.Cut(rest, "}")
	if !ok || !cut || !tagged || !ids.MatchString(id) {
		return place{}, false
	}
	userID, err := url.PathUnescape(escaped)
	if err != nil || userID == "" {
		return place{}, false
	}
	p := own(userID, id)
	return p, p.key == key
}

// escape percent-encodes what would end the field of a key, or would mean
// something in a glob, in the shell's quotes or between words.
func escape(userID string) string {
	if !strings.ContainsFunc(userID, special) {
		return userID
	}
	var b strings.Builder
	for i, r := range userID {
		if !special(r) {
			b.WriteRune(r)
			continue
		}
		for _, c := range []byte(userID[i : i+utf8.RuneLen(r)]) {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func special(r rune) bool {
	return strings.ContainsRune(`%:{}*?[]\'"`, r) || unicode.IsSpace(r) || unicode.IsControl(r)
}

// checkUserID refuses what cannot be a person's id. An empty one is none.
func checkUserID(userID string) error {
	switch {
	case len(userID) > MaxUserID:
		return &InputError{Field: "user_id", Reason: fmt.Sprintf("more than %d bytes", MaxUserID)}
	case !utf8.ValidString(userID):
		return &InputError{Field: "user_id", Reason: "not UTF-8"}
	}
	return nil
}
