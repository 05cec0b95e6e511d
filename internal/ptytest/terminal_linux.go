package ptytest

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/helix-collective/helix/internal/longtest"
)

// patience is how long a text may take to appear.
const patience = time.Minute

// Terminal is a person's end of a terminal of 24 lines of 80 columns.
type Terminal struct {
	t      testing.TB
	keys   *os.File
	screen longtest.Output
	seen   int // how much of the screen was waited for
	ended  chan error

	// Close ends the terminal, once nothing runs at it any more. The test's end
	// does so, too.
	Close func()
}

// Start starts a program at a terminal of its own, which is killed at the test's
// end if it still runs.
func Start(t testing.TB, program *exec.Cmd) *Terminal {
	t.Helper()
	p, slave := Open(t)
	program.Stdin, program.Stdout, program.Stderr = slave, slave, slave
	program.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	p.ended = make(chan error, 1)
	go func() { p.ended <- program.Wait() }()
	t.Cleanup(func() {
		_ = program.Process.Kill() // it may have ended
	})
	return p
}

// Open opens a terminal. Beside the person's end it answers the one at which the
// test lets something run.
func Open(t testing.TB) (p *Terminal, slave *os.File) {
	t.Helper()
	master, slave := openPTY(t)
	p = &Terminal{t: t, keys: master}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(&p.screen, master) // EIO once nobody has the other end
	}()
	p.Close = sync.OnceFunc(func() {
		slave.Close()
		<-read
		master.Close()
	})
	t.Cleanup(p.Close)
	return p, slave
}

func openPTY(t testing.TB) (master, slave *os.File) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(master.Fd())
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	err = errors.Join(err,
		unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0),
		unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}))
	if err != nil {
		t.Fatal(err)
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	return master, slave
}

// Types types.
func (p *Terminal) Types(keys string) {
	p.t.Helper()
	if _, err := p.keys.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// Sees waits for text behind what was seen before, and answers what stood
// between.
func (p *Terminal) Sees(text string) string {
	p.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		unseen := p.Screen()[p.seen:]
		if i := strings.Index(unseen, text); i >= 0 {
			p.seen += i + len(text)
			return unseen[:i]
		}
		if time.Now().After(deadline) {
			p.t.Fatalf("no %q on the screen, but %q", text, unseen)
		}
		time.Sleep(time.Millisecond)
	}
}

// Screen is everything that was written to the screen, without how the editor wraps
// lines.
func (p *Terminal) Screen() string { return strings.ReplaceAll(p.screen.String(), " \b", "") }

// Leaves waits for the program's end, and answers how that was.
func (p *Terminal) Leaves() error {
	p.t.Helper()
	select {
	case err := <-p.ended:
		return err
	case <-time.After(patience):
		p.t.Fatal("the program did not end")
		return nil
	}
}
