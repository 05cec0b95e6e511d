package console

import (
	"context"
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

	"github.com/helix-collective/helix/commands"
	"golang.org/x/sys/unix"
)

// asChild says that this process is the console of a test, at a terminal of
// its own.
const asChild = "HELIX_CONSOLE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(asChild) == "" {
		os.Exit(m.Run())
	}
	os.Exit(childMain())
}

func childMain() int {
	err := Run(context.Background(), Options{
		Handler:     childHandler{planner: new(planner)},
		Complete:    completeVerbs,
		Greeting:    "Welcome.",
		HistoryFile: os.Getenv("HISTORY"),
		Private:     func(message string) bool { return strings.Contains(message, "classified") },
		NoColor:     os.Getenv("NO_COLOR") != "",
		Plain:       os.Getenv("TERM") == "dumb",
	})
	fmt.Printf("left with %v\n", err)
	return 0
}

// childHandler answers what the tests at the terminal ask.
type childHandler struct{ *planner }

func (h childHandler) Handle(ctx context.Context, r commands.Request) commands.Reply {
	verb, rest, _ := strings.Cut(r.Text, " ")
	switch verb {
	case "echo":
		fmt.Fprintln(r.Stdout, rest)
	case "wait":
		fmt.Fprintln(r.Stdout, "waiting")
		<-ctx.Done()
		return commands.Reply{Outcome: commands.Cancelled, Problem: "Stopped."}
	case "stubborn":
		fmt.Fprintln(r.Stdout, "not listening")
		<-ctx.Done()
		fmt.Fprintln(r.Stdout, "heard, and going on")
		time.Sleep(time.Minute)
	case "change", "flush", "slow", "lapse":
		return h.plan(r.Text)
	case "evil":
		fmt.Fprint(r.Stdout, "\x1b]0;owned\x07\x1b[2J\x1b[31mred")
	case "advise":
		return commands.Reply{Outcome: commands.OK, Hints: []string{"A hint."}, Footer: "A footer."}
	default:
		fmt.Fprintf(r.Stdout, "got %q\n", r.Text)
	}
	return commands.Reply{Outcome: commands.OK}
}

func completeVerbs(message string, cursor int) (start int, candidates []string) {
	start = strings.LastIndex(message[:cursor], "\n") + 1
	return start, []string{"redis keys", "redis get", "config ", "echo ", "bad\x1b[2J"}
}

// terminal is a person at a console.
type terminal struct {
	t      *testing.T
	keys   *os.File
	screen transcript
	seen   int // how much of the screen was waited for
	ended  chan error
}

// transcript is everything the console wrote.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

func (s *transcript) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.ReplaceAll(s.text.String(), " \b", "") // how the editor wraps lines
}

// sitDown starts a console with a terminal of its own.
func sitDown(t *testing.T, env ...string) *terminal {
	t.Helper()
	master, slave := openPTY(t)
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), append([]string{asChild + "=1", "TERM=xterm", "HISTORY=", "NO_COLOR=", "GORACE=atexit_sleep_ms=0"}, env...)...)
	child.Stdin, child.Stdout, child.Stderr = slave, slave, slave
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	term := &terminal{t: t, keys: master, ended: make(chan error, 1)}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(&term.screen, master) // EIO once the child is gone
	}()
	go func() { term.ended <- child.Wait() }()
	t.Cleanup(func() {
		_ = child.Process.Kill()
		<-read
		master.Close()
	})
	return term
}

func openPTY(t *testing.T) (master, slave *os.File) {
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

func (p *terminal) types(keys string) {
	p.t.Helper()
	if _, err := p.keys.WriteString(keys); err != nil {
		p.t.Fatal(err)
	}
}

// sees waits for text behind what was seen before, and answers what stood
// between.
func (p *terminal) sees(text string) string {
	p.t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for {
		unseen := p.screen.String()[p.seen:]
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

func (p *terminal) leaves() {
	p.t.Helper()
	p.sees("left with <nil>")
	select {
	case err := <-p.ended:
		if err != nil {
			p.t.Fatal(err)
		}
	case <-time.After(20 * time.Second):
		p.t.Fatal("the console did not end")
	}
}
