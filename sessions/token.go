package sessions

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"regexp"
	"strings"
)

// Token is the credential of a session: 256 random bits and the person's id, or
// a UUID for sessions of other software. Convert it to a string to hand it out;
// no verb of fmt prints it.
//
// Its text has letters, digits, "-", "_" and ".", so that it can stand in a
// cookie as it is.
type Token string

// Format keeps a token out of every verb.
func (Token) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, "(a token)") }

// secretSize is how many random bytes a token has.
const secretSize = 32

// idSize is how many bytes of the digest name a session. A key names a session
// without being its credential; 160 bits keep two from ever sharing a name.
const idSize = 20

var (
	tokenText = base64.RawURLEncoding.Strict()
	idText    = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
)

// secretText is how many characters the random bytes take in a token.
var secretText = tokenText.EncodedLen(secretSize)

// maxToken bounds a token that is looked at.
var maxToken = secretText + 1 + tokenText.EncodedLen(MaxUserID)

// uuid is the only form of an id that compat sessions may have, as Python's
// uuid4 prints it.
var uuid = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)

const uuidLength = 36

// newSecret answers random bytes for a token. It never fails.
func newSecret() (secret [secretSize]byte) {
	_, _ = rand.Read(secret[:]) // never fails
	return secret
}

func newToken(secret [secretSize]byte, userID string) Token {
	text := tokenText.EncodeToString(secret[:])
	if userID != "" {
		text += "." + tokenText.EncodeToString([]byte(userID))
	}
	return Token(text)
}

// parse answers the secret and the person in a token; ok is false for any other
// text, one that only differs in unused bits included.
func (t Token) parse() (secret [secretSize]byte, userID string, ok bool) {
	if len(t) > maxToken {
		return secret, "", false
	}
	head, tail, named := strings.Cut(string(t), ".")
	if len(head) != secretText || named && tail == "" || strings.ContainsAny(string(t), "\r\n") {
		return secret, "", false
	}
	random, err := tokenText.AppendDecode(make([]byte, 0, secretSize), []byte(head))
	if err != nil {
		return secret, "", false
	}
	user, err := tokenText.AppendDecode(make([]byte, 0, MaxUserID), []byte(tail))
	if err != nil || checkUserID(string(user)) != nil {
		return secret, "", false
	}
	return [secretSize]byte(random), string(user), true
}

// id answers what a session is called: a digest over the person and the secret,
// each after its length, so that no two pairs give the same text to digest.
func (n names) id(secret [secretSize]byte, userID string) string {
	text := make([]byte, 0, 8+MaxUserID+8+secretSize)
	text = binary.BigEndian.AppendUint64(text, uint64(len(userID)))
	text = append(text, userID...)
	text = binary.BigEndian.AppendUint64(text, secretSize)
	text = append(text, secret[:]...)
	digest := n.digest(text)
	return string(idText.AppendEncode(make([]byte, 0, 2*idSize), digest[:idSize]))
}

// digest answers the digest of a text, under the key where there is one.
func (n names) digest(text []byte) [sha256.Size]byte {
	if len(n.key) == 0 {
		return sha256.Sum256(text)
	}
	mac := hmac.New(sha256.New, n.key)
	mac.Write(bytes.Clone(text)) // so that a text without a key stays on the stack
	return [sha256.Size]byte(mac.Sum(nil))
}
