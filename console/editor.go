package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/ergochat/readline"
	"golang.org/x/term"
)

// editor reads lines at a terminal, with editing, history and completion. The
// terminal is raw only while it reads.
type editor struct {
	readline *readline.Instance
	out      io.Writer
	prompt   string
	resized  func() // has the editor ask for the width again
	question bool   // what is typed answers one
	typed    bool   // the line has text
}

// newEditor prepares the terminal of o. pending answers the lines before the
// one that is edited.
func newEditor(ctx context.Context, o Options, pending func() string) (*editor, error) {
	in, _ := descriptor(o.In)
	out, _ := descriptor(o.Out)
	e := &editor{out: o.Out, prompt: o.Prompt}
	raw := &rawMode{fd: in}
	config := &readline.Config{
		Stdin:                  o.In,
		Stdout:                 rawWriter{o.Out},
		Stderr:                 rawWriter{o.Out},
		Prompt:                 o.Prompt,
		EOFPrompt:              "\n", // none, that is
		HistoryLimit:           maxHistory,
		HistorySearchFold:      true,
		DisableAutoSaveHistory: true,
		Undo:                   true,
		Listener:               e.keyPressed,
		FuncFilterInputRune:    keyOrText,
		FuncIsTerminal:         func() bool { return true },
		FuncMakeRaw:            raw.enter,
		FuncExitRaw:            raw.exit,
		FuncGetSize:            func() (int, int) { return sizeOf(out) },
		FuncOnWidthChanged:     func(ask func()) { e.resized = ask },
	}
	if o.Complete != nil {
		config.AutoComplete = completion{o.Complete, pending, &e.question}
	}
	var err error
	e.readline, err = readline.NewFromConfig(config)
	return e, err
}

// next edits one line.
func (e *editor) next(ctx context.Context, more bool) (string, error) {
	return e.read(ctx, promptFor(e.prompt, more))
}

func (e *editor) answer(ctx context.Context, question string) (string, error) {
	e.question = true
	e.readline.DisableHistory()
	defer func() {
		e.question = false
		e.readline.EnableHistory()
		e.remember(nil)
	}()
	return e.read(ctx, question)
}

// read edits one line behind a prompt.
func (e *editor) read(ctx context.Context, prompt string) (string, error) {
	// What was typed while a program ran stands there already, shown by the
	// terminal itself; the editor will show it in its place.
	if _, err := io.WriteString(e.out, clearLine); err != nil {
		return "", err
	}
	e.readline.SetPrompt(prompt)
	e.typed = false
	stop := context.AfterFunc(ctx, func() { _ = e.readline.Close() })
	defer stop()
	line, err := e.readline.ReadLine()
	switch {
	case err == nil:
		return line, nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case errors.Is(err, readline.ErrInterrupt) && e.typed:
		return "", errCleared
	case errors.Is(err, readline.ErrInterrupt):
		return "", errInterrupted
	}
	return "", err
}

func (e *editor) close() { _ = e.readline.Close() }

// keyPressed minds whether the line has text, and that the window may have
// another width by now. It changes nothing in the line.
func (e *editor) keyPressed(line []rune, pos int, _ rune) ([]rune, int, bool) {
	e.typed = len(line) > 0
	e.resized()
	return nil, pos, false
}

// keyOrText lets keys with a meaning to the editor pass, and text that a
// terminal shows. The others would stand in the line and not be seen: a
// Ctrl-D, for one, that was pressed while a program ran arrives as a zero.
func keyOrText(r rune) (rune, bool) {
	const ignored = "\x00\x0f\x11\x16\x18\x1c\x1d\x1e"
	key := r < ' ' && !strings.ContainsRune(ignored, r) || r == readline.CharBackspace
	return r, key || passes(r)
}

// remember puts lines within reach of the arrow keys. The empty one before
// makes the editor forget what it kept of the line it read last, which may be
// private.
func (e *editor) remember(lines []string) {
	_ = e.readline.SaveToHistory("")
	for _, l := range lines {
		_ = e.readline.SaveToHistory(l)
	}
}

func sizeOf(fd int) (width, height int) {
	width, height, err := term.GetSize(fd)
	if err != nil || width <= 0 {
		return 80, 24
	}
	return width, height
}

// rawMode switches a terminal to single keys and back.
type rawMode struct {
	mu     sync.Mutex
	fd     int
	before *term.State // nil: not raw
}

func (r *rawMode) enter() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	before, err := term.MakeRaw(r.fd)
	if err == nil && r.before == nil {
		r.before = before
	}
	return err
}

func (r *rawMode) exit() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.before == nil {
		return nil
	}
	err := term.Restore(r.fd, r.before)
	r.before = nil
	return err
}

// rawWriter is the way of the editor to a raw terminal, which does not return
// to the first column by itself. It keeps back the question where the cursor
// is: the editor always begins at the first column, and would wait for ever
// for a terminal that does not answer.
type rawWriter struct{ out io.Writer }

var errNotAsked = errors.New("the cursor is at the first column")

func (w rawWriter) Write(p []byte) (int, error) {
	if string(p) == "\x1b[6n" {
		return 0, errNotAsked
	}
	if _, err := w.out.Write(bytes.ReplaceAll(p, []byte("\n"), []byte("\r\n"))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// completion lets a Completer complete the line that is edited.
type completion struct {
	complete Completer
	pending  func() string
	off      *bool
}

// Do answers what each candidate adds behind the cursor, and how many
// characters before it they share. The only one is followed by a space, unless
// a value has to follow it.
func (c completion) Do(line []rune, pos int) (added [][]rune, shared int) {
	if *c.off {
		return nil, 0
	}
	before := c.pending()
	if before != "" {
		before += "\n"
	}
	cursor := len(before) + len(string(line[:pos]))
	message := before + string(line)
	start, candidates := c.complete(message, cursor)
	if start < len(before) || start > cursor {
		return nil, 0
	}
	word := message[start:cursor]
	for _, candidate := range candidates {
		if rest, ok := strings.CutPrefix(candidate, word); ok && onOneLine(candidate) {
			added = append(added, []rune(rest))
		}
	}
	if len(added) == 1 && pos == len(line) && !strings.HasSuffix(word+string(added[0]), "=") {
		added[0] = []rune(strings.TrimSuffix(string(added[0]), " ") + " ")
	}
	return added, utf8.RuneCountInString(word)
}
