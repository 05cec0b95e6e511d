package audit

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// hashLength is that of a hash in hexadecimal.
const hashLength = 2 * sha256.Size

// sealer makes the hashes of a chain: keyed where there is a key, else such as
// anybody can make.
type sealer struct {
	key []byte
	id  string // tells keys apart without telling them
}

func newSealer(key string) sealer {
	if key == "" {
		return sealer{}
	}
	s := sealer{key: []byte(key)}
	s.id = s.seal("the name of the audit key")[:16]
	return s
}

func (s sealer) seal(body string) string {
	h := s.hash()
	h.Write([]byte(body))
	return hex.EncodeToString(h.Sum(nil))
}

func (s sealer) hash() hash.Hash {
	if s.key == nil {
		return sha256.New()
	}
	return hmac.New(sha256.New, s.key)
}

func (s sealer) holds(body, seal string) bool {
	return hmac.Equal([]byte(s.seal(body)), []byte(seal))
}

// NewID answers a name for a request that has none.
func NewID() string { return newID() }

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
