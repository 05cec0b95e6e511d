package embedded

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	maxLine  = 16 << 10  // of a length, or of a command typed as a line, in bytes
	maxWords = 1 << 20   // of a command
	maxBytes = 512 << 20 // of a command
)

// input reads commands whole and hands them on as arrays of strings, the only
// form that miniredis takes. What Redis allows besides, lines as people type
// them and empty commands, is made into that or left out; lengths that nobody
// means, at which miniredis would end the process, are refused.
type input struct {
	from  *bufio.Reader
	ready []byte // to be handed on
}

func newInput(from io.Reader, first []byte) *input {
	return &input{from: bufio.NewReaderSize(from, maxLine), ready: first}
}

// protocolError is what a client is told before it is cut off.
type protocolError string

func (e protocolError) Error() string { return "ERR Protocol error: " + string(e) }

func (in *input) Read(b []byte) (int, error) {
	for len(in.ready) == 0 {
		words, err := in.command()
		if err != nil {
			return 0, err
		}
		if len(words) > 0 {
			in.ready = asArray(words)
		}
	}
	n := copy(b, in.ready)
	in.ready = in.ready[n:]
	return n, nil
}

func asArray(words [][]byte) []byte {
	b := fmt.Appendf(nil, "*%d\r\n", len(words))
	for _, w := range words {
		b = fmt.Appendf(b, "$%d\r\n", len(w))
		b = append(append(b, w...), "\r\n"...)
	}
	return b
}

// command reads one command; none is one that asks for nothing.
func (in *input) command() ([][]byte, error) {
	line, err := in.line()
	if err != nil {
		return nil, err
	}
	count, isArray := strings.CutPrefix(line, "*")
	if !isArray {
		return bytes.Fields([]byte(line)), nil
	}
	n, err := strconv.Atoi(count)
	if err != nil || n > maxWords {
		return nil, protocolError("invalid multibulk length")
	}
	var words [][]byte
	left := int64(maxBytes)
	for range max(n, 0) {
		w, err := in.word(left)
		if err != nil {
			return nil, err
		}
		left -= int64(len(w))
		words = append(words, w)
	}
	return words, nil
}

func (in *input) line() (string, error) {
	line, err := in.from.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		return "", protocolError("too big inline request")
	}
	return strings.TrimRight(string(line), "\r\n"), err
}

// word reads a string of at most so many bytes. Memory is taken as they come.
func (in *input) word(most int64) ([]byte, error) {
	line, err := in.line()
	if err != nil {
		return nil, err
	}
	length, ok := strings.CutPrefix(line, "$")
	if !ok {
		return nil, protocolError(fmt.Sprintf("expected '$', got '%.1s'", line))
	}
	n, err := strconv.ParseInt(length, 10, 64)
	if err != nil || n < 0 || n > most {
		return nil, protocolError("invalid bulk length")
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, in.from, n+2); err != nil {
		return nil, err
	}
	return b.Bytes()[:n], nil
}
