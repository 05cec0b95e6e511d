package guard

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxFrame bounds a reply of a live view, in bytes on the wire.
const maxFrame = 64 << 10

// frames reads replies off a connection as they come, each in bounded memory.
type frames struct {
	in  *bufio.Reader
	raw []byte // of the reply under way; nil once it is too long
}

func newFrames(conn io.Reader) *frames { return &frames{in: bufio.NewReaderSize(conn, 32<<10)} }

// next answers the next reply in the form that parseReply reads. One that is
// too long is skipped: raw is nil then.
func (f *frames) next() (raw []byte, err error) {
	f.raw = make([]byte, 0, 128)
	for open := 1; open > 0; open-- {
		more, err := f.part()
		if err != nil {
			return nil, err
		}
		if open += more; open > maxParts {
			return nil, fmt.Errorf("%w: it has too many parts", errMalformed)
		}
	}
	return f.raw, nil
}

// maxParts bounds the elements of a reply: those of a live view have a handful.
const maxParts = 1 << 20

// part reads a line, with the string that it announces, and answers how many
// elements follow.
func (f *frames) part() (elements int, err error) {
	head, err := f.line()
	if err != nil {
		return 0, err
	}
	switch kind := head[0]; kind {
	case bulkReply, verbatimReply, blobErrorPrefix, arrayReply, setReply, pushReply, mapReply, attributePrefix:
		n, err := strconv.ParseInt(string(head[1:]), 10, 32)
		if err != nil || n < -1 {
			return 0, fmt.Errorf("%w: a length of %.20q", errMalformed, head[1:])
		}
		return f.announced(kind, int(n))
	}
	return 0, nil
}

// announced takes the n bytes or elements of a kind.
func (f *frames) announced(kind byte, n int) (elements int, err error) {
	switch {
	case n < 0:
		return 0, nil
	case kind == mapReply:
		return 2 * n, nil
	case kind == attributePrefix: // and what it is said of
		return 2*n + 1, nil
	case kind == arrayReply, kind == setReply, kind == pushReply:
		return n, nil
	}
	return 0, f.take(n + len("\r\n"))
}

// line takes a line and answers its beginning, as much as tells what it is.
func (f *frames) line() (head []byte, err error) {
	for {
		piece, err := f.in.ReadSlice('\n')
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		if head == nil {
			head = bytes.TrimRight(bytes.Clone(piece[:min(len(piece), 32)]), "\r\n")
		}
		f.keep(piece)
		if err == nil {
			break
		}
	}
	if len(head) == 0 {
		return nil, fmt.Errorf("%w: an empty line", errMalformed)
	}
	return head, nil
}

// take takes n bytes.
func (f *frames) take(n int) error {
	for n > 0 {
		piece, err := f.in.Peek(min(n, f.in.Size()))
		if len(piece) == 0 {
			return err
		}
		f.keep(piece)
		n -= len(piece)
		if _, err := f.in.Discard(len(piece)); err != nil {
			return err
		}
	}
	return nil
}

// keep adds a piece, unless the reply is too long by now.
func (f *frames) keep(piece []byte) {
	if f.raw == nil || len(f.raw)+len(piece) > maxFrame {
		f.raw = nil
		return
	}
	f.raw = append(f.raw, piece...)
}
