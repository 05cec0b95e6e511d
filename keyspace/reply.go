package keyspace

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/redis/go-redis/v9"
)

// errReply is a reply that is no answer to SCAN.
var errReply = errors.New("the server's reply to SCAN is malformed")

// serverError is an error that the server answered.
type serverError string

func (e serverError) Error() string { return string(e) }

// RedisError marks it as go-redis marks the errors of a server.
func (serverError) RedisError() {}

var _ redis.Error = serverError("")

// parseScan reads a raw reply: a cursor and an array of keys. The keys are
// slices of raw.
func parseScan(raw []byte) (cursor string, keys [][]byte, err error) {
	if len(raw) > 0 && raw[0] == '-' {
		return "", nil, serverError(bytes.TrimSpace(raw[1:]))
	}
	p := parser{raw}
	if n := p.length('*'); n != 2 {
		return "", nil, errReply
	}
	c := p.bulk()
	n := p.length('*')
	if c == nil || n < 0 || n > len(raw) {
		return "", nil, errReply
	}
	keys = make([][]byte, 0, n)
	for range n {
		key := p.bulk()
		if key == nil {
			return "", nil, errReply
		}
		keys = append(keys, key)
	}
	return string(c), keys, nil
}

// parser reads RESP from the front of rest.
type parser struct{ rest []byte }

// length reads "*3" or "$3"; -1 if something else stands there.
func (p *parser) length(kind byte) int {
	line, after, ok := bytes.Cut(p.rest, []byte("\r\n"))
	if !ok || len(line) < 2 || line[0] != kind {
		return -1
	}
	n, err := strconv.Atoi(string(line[1:]))
	if err != nil || n < 0 {
		return -1
	}
	p.rest = after
	return n
}

// bulk reads a string; nil if there is none.
func (p *parser) bulk() []byte {
	n := p.length('$')
	if n < 0 || n+2 > len(p.rest) {
		return nil
	}
	s := p.rest[:n:n]
	p.rest = p.rest[n+2:]
	return s
}
