package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// The scopes of keys.
const (
	scopeSessions = "sessions"
	scopeUsers    = "users"
	scopeAuth     = "auth"
	scopePolicy   = "policy"
	scopeAll      = "all"
)

// minSecret is how many characters a key's secret has at least: guessing costs
// one request each, and nothing else.
const minSecret = 16

// ErrNoKeys says that api.keys is not set.
var ErrNoKeys = errors.New("no key is set, so nobody could use the session service: " +
	"set HELIX_API_KEYS to name:secret:scope, with a secret as `openssl rand -hex 32` prints it")

// ErrNoAddress says that api.listen is not set.
var ErrNoAddress = errors.New("api.listen is not set: say where the session service listens, as in 127.0.0.1:8700")

// key is who may use the service, and for what.
type key struct {
	name   string
	digest [sha256.Size]byte // of the secret
	scopes []string
}

// allows reports whether a key may be used for a scope.
func (k *key) allows(scope string) bool {
	return slices.Contains(k.scopes, scope) || slices.Contains(k.scopes, scopeAll)
}

var (
	keyName   = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)
	keySecret = regexp.MustCompile(`^[!-+\--~]+$`) // what stands in a header: no blank, no comma
)

// parseKeys reads name:secret:scope[+scope], several by commas. An error names
// an entry by its place, since anything in it may be a secret.
func parseKeys(text string) ([]key, error) {
	if text == "" {
		return nil, ErrNoKeys
	}
	var keys []key
	for i, entry := range strings.Split(text, ",") {
		k, err := parseKey(entry)
		if err == nil {
			err = distinct(k, keys)
		}
		if err != nil {
			return nil, fmt.Errorf("api.keys, entry %d: %w", i+1, err)
		}
		keys = append(keys, k)
	}
	return keys, nil
}

func parseKey(entry string) (key, error) {
	name, secret, scopes, ok := splitKey(entry)
	switch {
	case !ok || !keyName.MatchString(name):
		return key{}, errors.New("expected name:secret:scope, the name of letters, digits, _, . and -")
	case len(secret) < minSecret:
		return key{}, fmt.Errorf("expected a secret of at least %d characters, as `openssl rand -hex 32` prints one", minSecret)
	case !keySecret.MatchString(secret):
		return key{}, errors.New("expected a secret of visible ASCII characters without commas")
	}
	k := key{name: name, digest: sha256.Sum256([]byte(secret)), scopes: strings.Split(scopes, "+")}
	for _, scope := range k.scopes {
		if !slices.Contains([]string{scopeSessions, scopeUsers, scopeAuth, scopePolicy, scopeAll}, scope) {
			return key{}, errors.New("expected the scopes sessions, users, auth, policy or all, several joined by +")
		}
	}
	return k, nil
}

// splitKey parts an entry at its first and its last colon.
func splitKey(entry string) (name, secret, scopes string, ok bool) {
	name, rest, named := strings.Cut(strings.TrimSpace(entry), ":")
	at := strings.LastIndexByte(rest, ':')
	if !named || at < 0 {
		return "", "", "", false
	}
	return name, rest[:at], rest[at+1:], true
}

func distinct(k key, others []key) error {
	for _, o := range others {
		if o.name == k.name || o.digest == k.digest {
			return errors.New("its name or its secret is that of an entry before it")
		}
	}
	return nil
}

// Secrets answers the secrets in a value of api.keys, for those who hide them.
func Secrets(text string) []string {
	var all []string
	for entry := range strings.SplitSeq(text, ",") {
		if _, secret, _, ok := splitKey(entry); ok {
			all = append(all, secret)
		}
	}
	return all
}

// keyOf answers the place of the key that a request shows; ok is false where
// there is none, or several. Digests of one length are compared, each of them to
// its end, so that the time tells nothing about a secret.
func (s *Server) keyOf(r *http.Request) (place int, ok bool) {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 {
		return 0, false
	}
	scheme, secret, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return 0, false
	}
	shown, found := sha256.Sum256([]byte(secret)), -1
	for i := range s.keys {
		found = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(shown[:], s.keys[i].digest[:]), i, found)
	}
	return found, found >= 0
}
