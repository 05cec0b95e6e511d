package keyspace

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/redis/go-redis/v9"
)

// errReply is a reply that is no answer to SCAN.
var errReply = errors.New("the server's reply to SCAN is malformed")

// serverError is an error that the server answered, in its own words.
type serverError string

func (e serverError) Error() string { return string(e) }

// RedisError marks it as go-redis marks the errors of a server.
func (serverError) RedisError() {}

var _ redis.Error = serverError("")

// rawReply is a reply as it came. Its memory is used again for the next one.
type rawReply struct{ bytes []byte }

// reset empties the buffer. The memory of a reply far beyond the usual is given
// back.
func (r *rawReply) reset() {
	if cap(r.bytes) > 2*maxReply {
		r.bytes = nil
	}
	r.bytes = r.bytes[:0]
}

// Write adds to the reply.
func (r *rawReply) Write(p []byte) (int, error) {
	r.bytes = append(r.bytes, p...)
	return len(p), nil
}

// ReadFrom adds what src holds. go-redis hands over each string with a limit,
// so that its length is known.
func (r *rawReply) ReadFrom(src io.Reader) (int64, error) {
	limited, ok := src.(*io.LimitedReader)
	if !ok {
		return io.Copy(struct{ io.Writer }{r}, src) // without this method, which would call itself
	}
	at := len(r.bytes)
	r.bytes = slices.Grow(r.bytes, int(limited.N))[:at+int(limited.N)]
	n, err := io.ReadFull(limited.R, r.bytes[at:])
	r.bytes = r.bytes[:at+n]
	limited.N -= int64(n)
	return int64(n), err
}

// parseScan reads a raw reply, a cursor and an array of keys, and appends the
// keys to keys. Keys and cursor are slices of raw.
func parseScan(raw []byte, keys [][]byte) (cursor []byte, _ [][]byte, err error) {
	if len(raw) > 0 && raw[0] == '-' {
		return nil, keys, serverError(bytes.TrimSpace(raw[1:]))
	}
	p := parser{rest: raw}
	if p.length('*') != 2 {
		return nil, keys, errReply
	}
	cursor = p.bulk()
	for n := p.length('*'); n > 0 && !p.failed; n-- {
		keys = append(keys, p.bulk())
	}
	if p.failed || len(p.rest) > 0 || len(cursor) == 0 {
		return nil, keys, errReply
	}
	return cursor, keys, nil
}

// parser reads RESP from the front of rest. What it answers after it failed is
// of no use.
type parser struct {
	rest   []byte
	failed bool
}

// length reads a line such as "*3" or "$3".
func (p *parser) length(kind byte) int {
	end := bytes.IndexByte(p.rest, '\n')
	if end < 3 || p.rest[0] != kind || p.rest[end-1] != '\r' {
		p.failed = true
		return 0
	}
	n := 0
	for _, digit := range p.rest[1 : end-1] {
		if digit < '0' || digit > '9' || n > len(p.rest) {
			p.failed = true
			return 0
		}
		n = 10*n + int(digit-'0')
	}
	p.rest = p.rest[end+1:]
	return n
}

// bulk reads a string: its length, its bytes and a line's end.
func (p *parser) bulk() []byte {
	n := p.length('$')
	if p.failed || n+2 > len(p.rest) {
		p.failed = true
		return nil
	}
	s := p.rest[:n:n]
	p.rest = p.rest[n+2:]
	return s
}
