package sessions

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
)

const (
	// compressFrom is how long data is compressed, in bytes.
	compressFrom = 1 << 10

	// maxValue bounds a value that is read as a session, in bytes: that much the
	// scripts walk through within a few milliseconds.
	maxValue = 256 << 10
)

// errTooLarge says of a value that it is no session's by its size.
var errTooLarge = fmt.Errorf("a value of more than %d bytes", maxValue)

// draft is the JSON of a new session but for its times, which the server says.
type draft struct {
	head string // to before the time of creation
	tail string // from after the last time
}

// The members of a session's JSON that this package knows.
const (
	memberUser   = "user_id"
	memberIP     = "ip"
	memberMade   = "created_at"
	memberUsed   = "last_accessed"
	memberSigned = "authenticated_at"
	memberAgent  = "user_agent"
	memberData   = "data"
	memberPacked = "data_zstd"
)

// quote answers a text as the JSON of a session has it.
func quote(text string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string into memory: never fails
	return strings.TrimSuffix(b.String(), "\n")
}

// quoteUser answers a person's id as the JSON of a session has it.
func quoteUser(userID string) string {
	if userID == "" {
		return "null"
	}
	return quote(userID)
}

// write answers the JSON of a session to be. extra is further members, each
// after a comma.
func write(r Request, extra string) (draft, error) {
	var tail strings.Builder
	if r.UserAgent != "" {
		tail.WriteString(`,"user_agent":` + quote(r.UserAgent))
	}
	if len(r.Data) > 0 {
		member, err := dataMember(r.Data)
		if err != nil {
			return draft{}, err
		}
		tail.WriteString("," + member)
	}
	tail.WriteString(extra + "}")
	return draft{head: `{"user_id":` + quoteUser(r.UserID) + `,"ip":` + quote(r.IP) + `,"created_at":`, tail: tail.String()}, nil
}

// dataMember answers data as a member, compressed where that is shorter.
func dataMember(data []byte) (string, error) {
	plain := `"data":` + string(data)
	if len(data) < compressFrom {
		return plain, nil
	}
	encoder, err := compressor()
	if err != nil {
		return "", fmt.Errorf("compress the data of a session: %w", err)
	}
	text, err := json.Marshal(encoder.EncodeAll(data, nil))
	if err != nil {
		return "", fmt.Errorf("write the data of a session: %w", err)
	}
	if packed := `"data_zstd":` + string(text); len(packed) < len(plain) {
		return packed, nil
	}
	return plain, nil
}

var compressor = sync.OnceValues(func() (*zstd.Encoder, error) { return zstd.NewWriter(nil) })

// decompressor refuses what would be longer than data may be.
var decompressor = sync.OnceValues(func() (*zstd.Decoder, error) {
	return zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxValue), zstd.WithDecodeAllCapLimit(false))
})

// read answers the session that a value holds. Members of an unexpected kind
// count as missing, but for the person and the address, which decide.
func read(p place, value string) (Session, error) {
	v, err := members(value)
	if err != nil {
		return Session{}, err
	}
	s := Session{
		ID: p.id, Key: p.key, Foreign: p.foreign,
		UserID: text(v[memberUser]), IP: text(v[memberIP]), UserAgent: text(v[memberAgent]),
		CreatedAt: moment(v[memberMade]), LastAccessed: moment(v[memberUsed]), AuthenticatedAt: moment(v[memberSigned]),
		Data: v[memberData], extra: extra(v),
	}
	if v[memberPacked] == nil {
		return s, nil
	}
	data, err := unpack(v[memberPacked])
	if err != nil {
		return Session{}, fmt.Errorf("%s: %w", memberPacked, err)
	}
	s.Data = data
	return s, nil
}

// members answers the members of the JSON object in a value.
func members(value string) (map[string]json.RawMessage, error) {
	if len(value) > maxValue {
		return nil, errTooLarge
	}
	// A map, since a struct would also take members whose names differ in case.
	var v map[string]json.RawMessage
	if err := json.Unmarshal([]byte(value), &v); err != nil || v == nil {
		return nil, errors.New("not the JSON object of a session")
	}
	return v, nil
}

// extra answers the members that this package does not know, as they are, each
// after a comma.
func extra(members map[string]json.RawMessage) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(members)) {
		switch name {
		case memberUser, memberIP, memberMade, memberUsed, memberSigned, memberAgent, memberData, memberPacked:
		default:
			b.WriteString("," + quote(name) + ":" + string(members[name]))
		}
	}
	return b.String()
}

func unpack(member json.RawMessage) (json.RawMessage, error) {
	var packed []byte
	if err := json.Unmarshal(member, &packed); err != nil {
		return nil, errors.New("not base64")
	}
	decoder, err := decompressor()
	if err != nil {
		return nil, err
	}
	data, err := decoder.DecodeAll(packed, nil)
	if err != nil || !json.Valid(data) {
		return nil, errors.New("not compressed JSON")
	}
	return data, nil
}

// text answers a member that is a string, or the digits of one that is a number:
// back ends that count their people write those.
func text(member json.RawMessage) string {
	if n := len(member); n >= 2 && member[0] == '"' && bytes.IndexByte(member, '\\') < 0 && utf8.Valid(member) {
		return string(member[1 : n-1])
	}
	var s string
	if json.Unmarshal(member, &s) == nil {
		return s
	}
	var n json.Number
	if json.Unmarshal(member, &n) == nil {
		return n.String()
	}
	return ""
}

// maxSeconds bounds a time; the scripts take no larger number for one either.
const maxSeconds = 1e12

// moment answers a member that is a number of seconds since 1970.
func moment(member json.RawMessage) time.Time {
	seconds, err := strconv.ParseFloat(string(member), 64) // of JSON, it takes numbers alone
	if err != nil || math.Abs(seconds) >= maxSeconds {
		return time.Time{}
	}
	return time.UnixMicro(int64(math.Round(seconds * 1e6)))
}

// addressIn answers the network in the beginning of a session's JSON; nil where
// it names none.
func addressIn(value string) []byte {
	d := json.NewDecoder(strings.NewReader(value))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil
		}
		var member json.RawMessage
		if d.Decode(&member) != nil {
			return nil
		}
		if address := text(member); name == memberIP && address != "" {
			return []byte(networkOf(address))
		}
	}
	return nil
}
