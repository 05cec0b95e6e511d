package plans

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
)

// maxSealed bounds a plan's sealed form in bytes.
const maxSealed = 1 << 20

// digestLength is that of a digest in hexadecimal.
const digestLength = 2 * sha256.Size

// sealer proves that a plan's metadata are those that were put. Their sealed
// form is the digest, a space and the JSON that it is made of.
type sealer struct {
	key []byte
	id  string // tells keys apart without telling them
}

// newSealer derives a key of its own, so that a digest made here proves nothing
// where the same key serves for something else.
func newSealer(key []byte) sealer {
	derive := func(purpose string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(purpose))
		return h.Sum(nil)
	}
	return sealer{key: derive("helix: digest of a plan"), id: hex.EncodeToString(derive("helix: name of a plan's key")[:8])}
}

func (s sealer) digest(body string) string {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(body))
	return hex.EncodeToString(h.Sum(nil))
}

// seal answers the sealed form of a plan, and notes its digest.
func (s sealer) seal(p *Plan) (string, error) {
	p.Schema, p.KeyID = schema, s.id
	if len(p.Output) > MaxOutput {
		return "", &TooLarge{"output", MaxOutput}
	}
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(p); err != nil {
		return "", fmt.Errorf("encode plan %s: %w", p.ID, err)
	}
	text := strings.TrimSuffix(body.String(), "\n")
	p.Digest = s.digest(text)
	if sealed := p.Digest + " " + text; len(sealed) <= maxSealed {
		return sealed, nil
	}
	return "", &TooLarge{"metadata", maxSealed}
}

// read takes a sealed form apart, whoever sealed it. proven says that the
// digest holds under our key. What anybody wrote into Redis is an error here
// and never more.
func (s sealer) read(id, sealed string) (p Plan, proven bool, err error) {
	digest, body, _ := strings.Cut(sealed, " ")
	if len(digest) != digestLength || len(sealed) > maxSealed {
		return Plan{}, false, &TamperedError{id, "metadata"}
	}
	var form struct {
		Schema int `json:"schema"`
	}
	if json.Unmarshal([]byte(body), &form) == nil && form.Schema > schema {
		return Plan{}, false, fmt.Errorf("plan %s was made by a later release of Helix; update this instance", id)
	}
	if json.Unmarshal([]byte(body), &p) != nil || p.ID != id || p.Steps < 0 {
		return Plan{}, false, &TamperedError{id, "metadata"}
	}
	p.Digest = digest
	return p, hmac.Equal([]byte(s.digest(body)), []byte(digest)), nil
}
