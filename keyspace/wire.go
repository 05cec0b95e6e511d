package keyspace

import (
	"bufio"
	"bytes"
	"io"
	"math"
	"net"
	"strconv"
	"time"

	"github.com/helix-collective/helix/link"
)

// wire speaks RESP over a link's connection by itself. go-redis cannot send a
// command before the reply to the last one has been read, and the server would
// stand idle for as long as that takes.
type wire struct {
	conn          net.Conn
	in            *bufio.Reader
	out           []byte
	read, written time.Duration // bounds of one reading and one writing; 0: none
}

// readAhead is how much of a reply is taken from the system at once.
const readAhead = 64 << 10

func newWire(conn net.Conn, read, written time.Duration) *wire {
	return &wire{conn: conn, in: bufio.NewReaderSize(conn, readAhead), read: read, written: written}
}

// send sends a command.
func (w *wire) send(args ...string) error {
	w.out = link.AppendCommand(w.out[:0], args...)
	return w.write(w.out)
}

// write sends commands as they are.
func (w *wire) write(commands []byte) error {
	if err := w.conn.SetWriteDeadline(deadline(w.written)); err != nil {
		return err
	}
	_, err := w.conn.Write(commands)
	return err
}

func deadline(after time.Duration) time.Time {
	if after <= 0 {
		return time.Time{}
	}
	return time.Now().Add(after)
}

// atOnce is less than a reply takes that has not yet come when it is waited for:
// it is what the system needs to hand over what it holds.
const atOnce = 20 * time.Microsecond

// await waits until a reply begins, and reports whether its beginning was
// there already.
func (w *wire) await() (there bool, err error) {
	if err := w.conn.SetReadDeadline(deadline(w.read)); err != nil {
		return false, err
	}
	start := time.Now()
	_, err = w.in.Peek(1)
	return time.Since(start) < atOnce, err
}

// head reads the first part of a reply to SCAN: the cursor, and how many keys
// follow it.
func (w *wire) head() (cursor string, keys int, err error) {
	first, err := w.line()
	switch {
	case err != nil:
		return "", 0, err
	case first[0] == '-':
		return "", 0, serverError(bytes.Clone(first[1:]))
	case string(first) != "*2":
		return "", 0, errReply
	}
	n, err := w.length('$')
	if err != nil || n == 0 || n > maxCursor {
		return "", 0, orMalformed(err)
	}
	text := make([]byte, n)
	if err := w.bulk(text); err != nil {
		return "", 0, err
	}
	keys, err = w.length('*')
	return string(text), keys, err
}

// maxCursor is the most digits that a cursor has.
const maxCursor = 20

// rest reads the keys that follow, into an empty page.
func (w *wire) rest(keys int, p *page) error {
	for range keys {
		n, err := w.length('$')
		if err != nil {
			return err
		}
		if n > maxKey {
			return errLongKey
		}
		if err := w.bulk(p.room(n)); err != nil {
			return err
		}
	}
	return nil
}

// maxKey is how long a key may be. Redis itself takes half a gigabyte.
const maxKey = 32 << 20

// bulk fills to with a string's bytes and takes the line's end behind them.
func (w *wire) bulk(to []byte) error {
	if _, err := io.ReadFull(w.in, to); err != nil {
		return err
	}
	for _, want := range []byte("\r\n") {
		end, err := w.in.ReadByte()
		if err != nil {
			return err
		}
		if end != want {
			return errReply
		}
	}
	return nil
}

// length reads a line such as "*3" or "$3".
func (w *wire) length(kind byte) (int, error) {
	line, err := w.line()
	if err != nil {
		return 0, err
	}
	if line[0] != kind || len(line) < 2 || len(line) > 10 {
		return 0, errReply
	}
	n := 0
	for _, digit := range line[1:] {
		if digit < '0' || digit > '9' {
			return 0, errReply
		}
		n = 10*n + int(digit-'0')
	}
	return n, nil
}

// line reads a line, which is not empty, without its end. It is valid until
// the next reading.
func (w *wire) line() ([]byte, error) {
	line, err := w.in.ReadSlice('\n')
	switch {
	case err == bufio.ErrBufferFull:
		return nil, errReply
	case err != nil:
		return nil, err
	case len(line) < 3 || line[len(line)-2] != '\r':
		return nil, errReply
	}
	return line[:len(line)-2], nil
}

func orMalformed(err error) error {
	if err == nil {
		return errReply
	}
	return err
}

// answer is a reply to a command about one key.
type answer struct {
	kind byte   // as the protocol marks it
	n    int64  // a number, or a string's length
	text []byte // a string's bytes, or an error
	null bool
	over bool // a string of more than the most bytes, which were not kept
}

// answer reads a reply that is no list. A string of more than most bytes is
// read and forgotten.
func (w *wire) answer(most int64) (answer, error) {
	if w.in.Buffered() == 0 {
		if _, err := w.await(); err != nil {
			return answer{}, err
		}
	}
	line, err := w.line()
	if err != nil {
		return answer{}, err
	}
	a := answer{kind: line[0]}
	switch a.kind {
	case '+':
	case '_':
		a.null = true
	case '-':
		a.text = bytes.Clone(line[1:])
	case ':', '$':
		if a.n, err = strconv.ParseInt(string(line[1:]), 10, 64); err != nil {
			return answer{}, errReply
		}
	default:
		return answer{}, errReply
	}
	if a.kind == '$' {
		err = w.text(&a, most)
	}
	return a, err
}

// text reads the bytes of a string whose length is known.
func (w *wire) text(a *answer, most int64) error {
	switch {
	case a.n == -1:
		a.null, a.n = true, 0
		return nil
	case a.n < 0 || a.n > math.MaxInt32:
		return errReply
	case a.n > most:
		a.over = true
		return w.discard(int(a.n) + len("\r\n"))
	}
	a.text = make([]byte, a.n)
	return w.bulk(a.text)
}

// discard passes over bytes, however long they take to come.
func (w *wire) discard(n int) error {
	for n > 0 {
		if _, err := w.await(); err != nil {
			return err
		}
		passed, err := w.in.Discard(min(n, readAhead))
		if err != nil {
			return err
		}
		n -= passed
	}
	return nil
}
