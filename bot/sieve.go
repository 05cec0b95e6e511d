package bot

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"strings"
)

// sieve is a connection to the gateway that lets through only the messages that
// pass a check. discordgo, which reads from it, reads events in a goroutine of
// its own, where one that it cannot deal with would end the whole process.
type sieve struct {
	net.Conn
	in     *bufio.Reader
	passes func(message []byte) bool

	ready   bytes.Buffer // to be read
	message bytes.Buffer // as far as its frames have come
	kind    byte         // of message
	greeted bool         // the answer to the handshake has passed
	raw     bool         // it was no websocket's, so everything passes
}

// The bounds of what is read at once.
const (
	maxEvent = 32 << 20 // bytes of a message, inflated
	maxHead  = 64 << 10 // bytes of the answer to the handshake

	maxControl = 125 // bytes of a control frame, by RFC 6455
)

// The kinds of frames, as RFC 6455 numbers them.
const (
	frameContinues = 0
	frameText      = 1
	frameBinary    = 2
	frameControl   = 8 // and above
)

func newSieve(conn net.Conn, passes func([]byte) bool) *sieve {
	return &sieve{Conn: conn, in: bufio.NewReader(conn), passes: passes}
}

// Read reads what has passed.
func (s *sieve) Read(p []byte) (int, error) {
	for s.ready.Len() == 0 {
		if s.raw {
			return s.in.Read(p)
		}
		step := s.frame
		if !s.greeted {
			step = s.greeting
		}
		if err := step(); err != nil {
			return 0, err
		}
	}
	return s.ready.Read(p)
}

// greeting passes the server's answer to the handshake.
func (s *sieve) greeting() error {
	for line := ""; line != "\r\n"; {
		part, err := s.in.ReadSlice('\n')
		s.ready.Write(part)
		if err != nil {
			return err
		}
		line = string(part)
		if s.ready.Len() == len(part) {
			s.raw = !strings.Contains(line, " 101 ")
		}
		if s.ready.Len() > maxHead {
			return errors.New("the gateway's handshake is too long")
		}
	}
	s.greeted = true
	return nil
}

// frame reads one frame, and passes on the message that it ends.
func (s *sieve) frame() error {
	var head [2]byte
	if _, err := io.ReadFull(s.in, head[:]); err != nil {
		return err
	}
	size, err := s.size(head[1])
	if err != nil {
		return err
	}
	kind := head[0] & 0x0f
	if kind >= frameControl {
		return s.control(head, size)
	}
	if kind != frameContinues {
		s.kind = kind
		s.message.Reset()
	}
	if size > maxEvent-int64(s.message.Len()) {
		return fmt.Errorf("an event of the gateway is larger than %d MiB", maxEvent>>20)
	}
	if err := s.copy(&s.message, size); err != nil {
		return err
	}
	if final := head[0]&0x80 != 0; final {
		s.judge()
	}
	return nil
}

// control passes a ping, a pong or a close on.
func (s *sieve) control(head [2]byte, size int64) error {
	if size > maxControl {
		return errors.New("a control frame of the gateway is too long")
	}
	s.ready.Write(head[:])
	return s.copy(&s.ready, size)
}

func (s *sieve) copy(to *bytes.Buffer, size int64) error {
	n, err := io.CopyN(to, s.in, size)
	if n < size && err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// size reads how long a frame's payload is. A masked one is not a server's.
func (s *sieve) size(second byte) (int64, error) {
	var short uint16
	var long uint64
	switch second {
	case 126:
		err := binary.Read(s.in, binary.BigEndian, &short)
		return int64(short), err
	case 127:
		err := binary.Read(s.in, binary.BigEndian, &long)
		return int64(min(long, math.MaxInt64)), err
	}
	if second > 127 {
		return 0, errors.New("a frame of the gateway is masked")
	}
	return int64(second), nil
}

// judge passes a whole message on as text, if it passes.
func (s *sieve) judge() {
	message := s.message.Bytes()
	if s.kind == frameBinary {
		message = inflated(message)
	}
	if !s.passes(message) {
		return
	}
	head := []byte{0x80 | frameText}
	switch n := len(message); {
	case n < 126:
		head = append(head, byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 127), uint64(n))
	}
	s.ready.Write(head)
	s.ready.Write(message)
}

// inflated unpacks a message; nil if it is none, or too large.
func inflated(packed []byte) []byte {
	z, err := zlib.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	message, err := io.ReadAll(io.LimitReader(z, maxEvent+1))
	if err != nil || len(message) > maxEvent {
		return nil
	}
	return message
}
