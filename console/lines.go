package console

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
)

// lineSource reads lines as they stand, from a pipe or from a terminal that
// can do no more. A goroutine of its own reads ahead by one line, so that the
// end of a context or an interrupt can end the wait.
type lineSource struct {
	lines chan line
	stop  context.CancelFunc

	// At a terminal:
	prompt     string
	out        io.Writer
	interrupts <-chan os.Signal
}

type line struct {
	text string
	err  error
}

func newLineSource(ctx context.Context, in io.Reader) *lineSource {
	ctx, stop := context.WithCancel(ctx)
	s := &lineSource{lines: make(chan line), stop: stop}
	go s.read(ctx, bufio.NewReader(in))
	return s
}

func (s *lineSource) read(ctx context.Context, in *bufio.Reader) {
	defer close(s.lines)
	for {
		text, err := readLine(in)
		if errors.Is(err, io.EOF) && text != "" {
			err = nil
		}
		select {
		case s.lines <- line{text, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// readLine answers a line without its end, or with io.EOF a last one that has
// no end.
func readLine(in *bufio.Reader) (string, error) {
	var text []byte
	for {
		part, err := in.ReadSlice('\n')
		if text = append(text, part...); len(text) > maxMessage {
			return "", errTooLong
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			text = bytes.TrimSuffix(text, []byte("\n"))
			return string(bytes.TrimSuffix(text, []byte("\r"))), err
		}
	}
}

func (s *lineSource) next(ctx context.Context, more bool) (string, error) {
	return s.answer(ctx, promptFor(s.prompt, more))
}

func (s *lineSource) answer(ctx context.Context, question string) (string, error) {
	if s.out != nil {
		if _, err := io.WriteString(s.out, question); err != nil {
			return "", err
		}
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	select {
	case l, ok := <-s.lines:
		if !ok {
			return "", io.EOF
		}
		return l.text, l.err
	case <-s.interrupts:
		_, err := io.WriteString(s.out, "\n")
		return "", errors.Join(errInterrupted, err)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

func (s *lineSource) close() { s.stop() }

// continued is the prompt for the further lines of a message.
const continued = "… "

func promptFor(prompt string, more bool) string {
	if more {
		return continued
	}
	return prompt
}
