package console

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/ptytest"
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
type terminal struct{ *ptytest.Terminal }

// sitDown starts a console with a terminal of its own.
func sitDown(t *testing.T, env ...string) terminal {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), append([]string{asChild + "=1", "TERM=xterm", "HISTORY=", "NO_COLOR=", "GORACE=atexit_sleep_ms=0"}, env...)...)
	return terminal{ptytest.Start(t, child)}
}

func (p terminal) leaves(t *testing.T) {
	t.Helper()
	p.Sees("left with <nil>")
	if err := p.Leaves(); err != nil {
		t.Fatal(err)
	}
}
