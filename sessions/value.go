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
	if !strings.ContainsFunc(text, needsCare) {
		return `"` + text + `"`
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a string into memory: never fails
	return strings.TrimSuffix(b.String(), "\n")
}

// needsCare reports whether JSON may have a character in other words.
func needsCare(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }

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

// readOwn answers the session in a value that begins as this package writes it for
// the person of a place, and that goes on like that: each member once, in its
// order, and none that another hand has added. ok is false for any other value.
func readOwn(p place, value, begins string) (s Session, ok bool) {
	head, rest, ok := strings.Cut(value, `,"created_at":`) // in a text its quotes would be escaped
	_, ip, also := strings.Cut(head, `,"ip":"`)
	ip, closed := strings.CutSuffix(ip, `"`)
	if !ok || !also || !closed || strings.ContainsAny(ip, `"\`) || !strings.HasPrefix(value, begins) {
		return Session{}, false
	}
	s = Session{ID: p.id, Key: p.key, UserID: p.userID, IP: ip}
	if s.CreatedAt, rest, ok = cutStamp(rest); !ok {
		return Session{}, false
	}
	if rest, ok = strings.CutPrefix(rest, `,"last_accessed":`); !ok {
		return Session{}, false
	}
	if s.LastAccessed, rest, ok = cutStamp(rest); !ok {
		return Session{}, false
	}
	if signed, found := strings.CutPrefix(rest, `,"authenticated_at":`); found {
		if s.AuthenticatedAt, rest, ok = cutStamp(signed); !ok {
			return Session{}, false
		}
	}
	return readTail(s, rest)
}

// readTail goes on with what follows the times.
func readTail(s Session, rest string) (Session, bool) {
	if agent, found := strings.CutPrefix(rest, `,"user_agent":"`); found {
		s.UserAgent, rest, found = strings.Cut(agent, `"`)
		if !found || strings.ContainsFunc(s.UserAgent, needsCare) {
			return Session{}, false
		}
	}
	if rest == "}" {
		return s, true
	}
	data, found := strings.CutPrefix(rest, `,"data":`)
	data, closed := strings.CutSuffix(data, "}")
	s.Data = json.RawMessage(strings.Trim(data, " \t\r\n"))
	return s, found && closed && json.Valid(s.Data)
}

// cutStamp takes a time as the scripts write it off the front of a text: ten
// digits of seconds and six of microseconds.
func cutStamp(text string) (at time.Time, rest string, ok bool) {
	const point, length = 10, 17
	if len(text) < length || text[point] != '.' {
		return time.Time{}, "", false
	}
	seconds, err := strconv.ParseUint(text[:point], 10, 64)
	micros, also := strconv.ParseUint(text[point+1:length], 10, 64)
	if err != nil || also != nil {
		return time.Time{}, "", false
	}
	return time.UnixMicro(int64(seconds*1e6 + micros)), text[length:], true
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
