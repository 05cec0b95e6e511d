package plans

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
)

// content is the recorded bytes of a plan's steps, open for reading.
type content interface {
	io.ReadCloser
	rewind() error
}

// Steps hands out what was recorded, in its order and holding one step at a
// time. It is for one goroutine at a time.
type Steps struct {
	id      string
	content content
	in      *bufio.Reader
	total   int64
	left    int64
	step    []byte
	removed func() error // takes what was recorded away
}

// Left answers how many steps are still to come.
func (s *Steps) Left() int64 { return s.left }

// Next answers the next step, which is good until the call after it, and behind
// the last one io.EOF.
func (s *Steps) Next() ([]byte, error) {
	if s.left == 0 {
		return nil, io.EOF
	}
	length, err := binary.ReadUvarint(s.in)
	if err == nil && length > maxStep {
		err = &TooLarge{"one step", maxStep}
	}
	if err == nil {
		err = s.fill(int(length))
	}
	if err != nil {
		return nil, fmt.Errorf("read a step of plan %s: %w", s.id, noEnd(err))
	}
	s.left--
	return s.step, nil
}

func (s *Steps) fill(length int) error {
	if cap(s.step) < length {
		s.step = make([]byte, length)
	}
	s.step = s.step[:length]
	_, err := io.ReadFull(s.in, s.step)
	return err
}

// noEnd keeps steps that end too early from looking like all of them.
func noEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Rewind begins anew with the first step.
func (s *Steps) Rewind() error {
	if err := s.content.rewind(); err != nil {
		return fmt.Errorf("read the steps of plan %s again: %w", s.id, err)
	}
	s.in.Reset(s.content)
	s.left = s.total
	return nil
}

// Close ends the reading and removes what was recorded.
func (s *Steps) Close() error {
	err := s.content.Close()
	if removeErr := s.removed(); err == nil {
		err = removeErr
	}
	if err != nil {
		return fmt.Errorf("close the steps of plan %s: %w", s.id, err)
	}
	return nil
}

// verify reads all of the content, answers a *TamperedError unless it is what
// was recorded, and leaves it at its beginning.
func verify(p Plan, c content) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, c); err != nil {
		return fmt.Errorf("read the steps of plan %s: %w", p.ID, err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != p.Sum {
		return &TamperedError{p.ID, "steps"}
	}
	if err := c.rewind(); err != nil {
		return fmt.Errorf("read the steps of plan %s: %w", p.ID, err)
	}
	return nil
}
