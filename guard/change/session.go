package change

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/link"
)

// session is a connection of its own to one server: WATCH and MULTI belong to a
// connection, and those of a pool are shared.
type session struct {
	link *link.Link
	end  func()
	conn net.Conn
	in   *bufio.Reader
	out  []byte

	age       int    // how often its server had been given up when it was connected
	server    string // the run id of whom it is connected to; "" if it does not say
	unweighed bool   // the server's user may not ask what keys take
}

// newSession prepares a session. reached is told whom each connection leads to.
func newSession(ctx context.Context, client *redis.Client, reached func(server string)) *session {
	s := &session{}
	s.link, s.end = link.New(ctx, client, func(ctx context.Context, cn *redis.Conn) (err error) {
		s.server, err = link.RunID(ctx, cn)
		reached(s.server)
		return err
	})
	return s
}

// open connects if there is no connection.
func (s *session) open(ctx context.Context) error {
	if s.conn != nil && s.conn == s.link.Conn() {
		return nil
	}
	conn, err := s.link.Open(ctx)
	if err != nil {
		return err
	}
	s.conn, s.in = conn, bufio.NewReaderSize(conn, 64<<10)
	return nil
}

// drop gives up a connection on which it is not known what comes next.
func (s *session) drop() {
	s.link.Drop()
	s.conn = nil
}

// exchange sends commands and answers their replies, raw, until ctx ends. After an
// error it is not known which of the commands were carried out.
func (s *session) exchange(ctx context.Context, commands [][]string) (replies [][]byte, err error) {
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.drop()
		}
	}()
	s.out = s.out[:0]
	for _, c := range commands {
		s.out = link.AppendCommand(s.out, c...)
	}
	conn := s.conn
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	read, write := s.link.Timeouts()
	written := make(chan error, 1)
	go func() { written <- send(s.conn, s.out, write) }() // beside the reading: neither side may wait for the other
	replies, err = s.receive(len(commands), read)
	if err != nil {
		s.conn.Close() // wakes the writer
		<-written
		return nil, err
	}
	return replies, <-written
}

func send(conn net.Conn, out []byte, within time.Duration) error {
	if err := conn.SetWriteDeadline(deadline(within)); err != nil {
		return err
	}
	_, err := conn.Write(out)
	return err
}

func deadline(within time.Duration) time.Time {
	if within <= 0 {
		return time.Time{}
	}
	return time.Now().Add(within)
}

func (s *session) receive(n int, within time.Duration) ([][]byte, error) {
	replies := make([][]byte, n)
	for i := range replies {
		if s.in.Buffered() == 0 {
			if err := s.conn.SetReadDeadline(deadline(within)); err != nil {
				return nil, err
			}
		}
		var err error
		if replies[i], err = readReply(s.in, nil, 0); err != nil {
			return nil, fmt.Errorf("read a reply: %w", err)
		}
	}
	return replies, nil
}

var errMalformed = errors.New("malformed reply")

const (
	maxNesting = 16
	maxBulk    = 512 << 20 // what Redis itself allows
)

// readReply adds one whole reply in RESP2 to dst.
func readReply(r *bufio.Reader, dst []byte, depth int) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return dst, err
	}
	if len(line) < 3 || depth > maxNesting {
		return dst, errMalformed
	}
	dst = append(dst, line...)
	switch line[0] {
	case '+', '-', ':':
		return dst, nil
	case '$', '*':
	default:
		return dst, errMalformed
	}
	n, err := strconv.Atoi(string(line[1 : len(line)-2]))
	switch {
	case err != nil || n < -1 || n > maxBulk:
		return dst, errMalformed
	case n == -1:
		return dst, nil
	case line[0] == '$':
		return readBulk(r, dst, n+2)
	}
	for range n {
		if dst, err = readReply(r, dst, depth+1); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

func readBulk(r *bufio.Reader, dst []byte, n int) ([]byte, error) {
	at := len(dst)
	dst = append(dst, make([]byte, n)...)
	_, err := io.ReadFull(r, dst[at:])
	return dst, err
}

// isError answers an error reply's text.
func isError(reply []byte) (text string, ok bool) {
	if len(reply) == 0 || reply[0] != '-' {
		return "", false
	}
	return string(bytes.TrimRight(reply[1:], "\r\n")), true
}

// asError answers an error reply as an error.
func asError(reply []byte) error {
	if text, ok := isError(reply); ok {
		return &ServerError{text}
	}
	return nil
}

// ServerError is what the server answered in the place of doing something.
type ServerError struct{ Text string }

func (e *ServerError) Error() string { return e.Text }

// RedisError makes it a redis.Error.
func (e *ServerError) RedisError() {}

// Code is the first word of an error's text: OOM, MISCONF, READONLY.
func (e *ServerError) Code() string {
	code, _, _ := strings.Cut(e.Text, " ")
	return code
}

// Halts reports whether the server would answer the like to any other change
// of the kind, whatever its keys: it is out of memory, cannot save, is a replica,
// or has too few replicas.
func (e *ServerError) Halts() bool {
	switch e.Code() {
	case "OOM", "MISCONF", "READONLY", "NOREPLICAS":
		return true
	}
	return false
}

// halting reports whether a reply is an error that Halts.
func halting(reply []byte) bool {
	text, failed := isError(reply)
	return failed && (&ServerError{text}).Halts()
}

// unmade reports whether a reply is an error that Halts, or that the user lacks a
// right: nothing was carried out.
func unmade(reply []byte) bool {
	text, failed := isError(reply)
	return halting(reply) || failed && (&ServerError{text}).Code() == "NOPERM"
}

func integer(reply []byte) (int64, bool) {
	if len(reply) < 4 || reply[0] != ':' {
		return 0, false
	}
	n, err := strconv.ParseInt(string(reply[1:len(reply)-2]), 10, 64)
	return n, err == nil
}

// bulk answers a bulk reply's bytes; ok is false for a null and all else.
func bulk(reply []byte) (text []byte, ok bool) {
	if len(reply) < 5 || reply[0] != '$' || reply[1] == '-' {
		return nil, false
	}
	i := bytes.IndexByte(reply, '\n')
	return reply[i+1 : len(reply)-2], true
}

// elements answers the raw elements of an array reply; ok is false for a null
// and all else.
func elements(reply []byte) (list [][]byte, ok bool) {
	if len(reply) < 4 || reply[0] != '*' || reply[1] == '-' {
		return nil, false
	}
	rest := reply[bytes.IndexByte(reply, '\n')+1:]
	for len(rest) > 0 {
		n := extent(rest)
		list, rest = append(list, rest[:n]), rest[n:]
	}
	return list, true
}

// extent answers how long the first of whole replies is.
func extent(replies []byte) int {
	end := bytes.IndexByte(replies, '\n') + 1
	if replies[0] != '$' && replies[0] != '*' {
		return end
	}
	n, _ := strconv.Atoi(string(replies[1 : end-2]))
	if n < 0 {
		return end
	}
	if replies[0] == '$' {
		return end + n + 2
	}
	for range n {
		end += extent(replies[end:])
	}
	return end
}

// milliseconds reads a reply to TIME.
func milliseconds(reply []byte) (int64, bool) {
	parts, ok := elements(reply)
	if !ok || len(parts) != 2 {
		return 0, false
	}
	seconds, _ := bulk(parts[0])
	micros, _ := bulk(parts[1])
	s, err1 := strconv.ParseInt(string(seconds), 10, 64)
	us, err2 := strconv.ParseInt(string(micros), 10, 64)
	return s*1000 + us/1000, err1 == nil && err2 == nil
}
