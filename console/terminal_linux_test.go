package console

import (
	"context"
	"errors"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"github.com/helix-collective/helix/internal/ptytest"
)

const (
	ctrlC, ctrlD, tab, enter, up, down, left = "\x03", "\x04", "\t", "\r", "\x1b[A", "\x1b[B", "\x1b[D"
)

func TestTerminalConversation(t *testing.T) {
	p := sitDown(t)
	p.Sees("Welcome.")
	p.Sees("help lists what there is")
	p.Sees("helix> ")
	p.Types("echo hello" + enter)
	p.Sees("\nhello\r\n")
	p.Sees("helix> ")
	p.Types("eco again" + strings.Repeat(left, 7) + "h" + enter)
	p.Sees("\nagain\r\n")
	p.Sees("helix> ")
	p.Types(up + up + enter)
	p.Sees("\nhello\r\n")
	p.Sees("helix> ")
	p.Types("quit" + enter)
	p.leaves(t)
}

func TestTerminalContinuesMessages(t *testing.T) {
	p := sitDown(t)
	p.Sees("helix> ")
	p.Types("while read k; do" + enter)
	p.Sees("… ")
	p.Types("say $k" + enter)
	p.Sees("… ")
	p.Types("done" + enter)
	p.Sees(`got "while read k; do\nsay $k\ndone"`)
	p.Sees("helix> ")
	p.Types("say 'never mind" + enter)
	p.Sees("… ")
	p.Types(ctrlC)
	if between := p.Sees("helix> "); strings.Contains(between, "leaves") {
		t.Errorf("giving up a message counts as leaving: %q", between)
	}
	p.Types("say 'open" + enter)
	p.Sees("… ")
	p.Types(ctrlD)
	p.Sees(`got "say 'open"`)
	p.Sees("helix> ")
	p.Types(ctrlD)
	p.leaves(t)
}

func TestCtrlCStopsTheProgramAndNotTheConsole(t *testing.T) {
	p := sitDown(t)
	p.Sees("helix> ")
	p.Types("wait" + enter)
	p.Sees("waiting")
	p.Types(ctrlC)
	if between := p.Sees("Stopped.\r\n"); !strings.Contains(between, "^C\r\n") {
		t.Errorf("the answer stands on the line of ^C: %q", between)
	}
	p.Sees("helix> ")
	p.Types("echo alive" + enter)
	p.Sees("\nalive\r\n")
	p.Sees("helix> ")
	p.Types("half a line" + ctrlC)
	p.Sees("^C")
	p.Sees("helix> ")
	p.Types("half again" + ctrlC)
	p.Sees("^C")
	p.Sees("helix> ")
	p.Types(ctrlC)
	p.Sees("once more leaves")
	p.Sees("helix> ")
	p.Types("echo still" + enter)
	p.Sees("\nstill\r\n")
	p.Sees("helix> ")
	p.Types(ctrlC)
	p.Sees("once more leaves")
	p.Sees("helix> ")
	p.Types(ctrlC)
	p.leaves(t)
}

func TestASecondCtrlCLeavesAProgramThatGoesOn(t *testing.T) {
	p := sitDown(t)
	p.Sees("helix> ")
	p.Types("stubborn" + enter)
	p.Sees("not listening")
	p.Types(ctrlC)
	p.Sees("heard, and going on")
	p.Types(ctrlC)
	p.leaves(t)
}

func TestTerminalIsNotTakenOver(t *testing.T) {
	p := sitDown(t)
	p.Sees("helix> ")
	p.Types("evil" + enter)
	p.Sees(`\x1b]0;owned\x07\x1b[2J\x1b[31mred` + "\r\n")
	p.Sees("helix> ")
	p.Types("exit" + enter)
	p.leaves(t)
}

func TestABlockMayFollowAVerb(t *testing.T) {
	p := sitDown(t)
	p.Sees("helix> ")
	p.Types("config import" + enter)
	p.Sees("A block between ``` and ``` may follow")
	p.Types("```" + enter + "a=1" + enter + "```" + enter)
	p.Sees(`got "config import\n` + "```" + `\na=1\n` + "```" + `"`)
	p.Sees("helix> ")
	p.Types("redis" + enter)
	p.Sees("… ")
	p.Types(enter)
	p.Sees(`got "redis"`)
	p.Sees("helix> ")
	p.Types(ctrlD)
	p.leaves(t)
}

func TestTabCompletes(t *testing.T) {
	p := sitDown(t)
	p.Sees("helix> ")
	p.Types("re" + tab + "k" + tab)
	p.Sees("redis keys")
	p.Types(enter)
	p.Sees(`got "redis keys "`)
	p.Sees("helix> ")
	p.Types("say 'x" + enter)
	p.Sees("… ")
	p.Types("con" + tab + "'" + enter)
	p.Sees(`got "say 'x\nconfig '"`)
	p.Sees("helix> ")
	p.Types("b" + tab + tab + "lank" + enter)
	p.Sees(`got "blank"`)
	p.Sees("helix> ")
	p.Types(ctrlD)
	p.leaves(t)
}

func TestNotesAreDimWhereThatIsWanted(t *testing.T) {
	p := sitDown(t)
	p.Sees("helix> ")
	p.Types("advise" + enter)
	p.Sees("\x1b[2mA hint.\x1b[0m\r\n\x1b[2mA footer.\x1b[0m\r\n")
	p.Sees("helix> ")
	p.Types(ctrlD)
	p.leaves(t)

	p = sitDown(t, "NO_COLOR=1")
	p.Sees("helix> ")
	p.Types("advise" + enter)
	p.Sees("A hint.\r\nA footer.\r\n")
	p.Sees("helix> ")
	p.Types(ctrlD)
	p.leaves(t)
	if strings.Contains(p.Screen(), "\x1b[2m") {
		t.Error("dim in spite of NO_COLOR")
	}
}

func TestAPlainTerminalGetsNoEscapes(t *testing.T) {
	p := sitDown(t, "TERM=dumb")
	p.Sees("helix> ")
	p.Types("say 'a\n")
	p.Sees("… ")
	p.Types("b'\n")
	p.Sees(`got "say 'a\nb'"`)
	p.Sees("helix> ")
	p.Types("wait\n")
	p.Sees("waiting")
	p.Types(ctrlC)
	p.Sees("Stopped.")
	p.Sees("helix> ")
	p.Types(ctrlC)
	p.Sees("once more leaves")
	p.Sees("helix> ")
	p.Types(ctrlD)
	p.leaves(t)
	if strings.Contains(p.Screen(), "\x1b") {
		t.Errorf("an escape on the screen: %q", p.Screen())
	}
}

func TestWhatIsTypedAheadIsKept(t *testing.T) {
	p := sitDown(t)
	p.Sees("helix> ")
	p.Types("wait" + enter)
	p.Sees("waiting")
	p.Types("echo ahead\n")
	p.Sees("echo ahead")
	p.Types(ctrlC) // which drops what was typed ahead, as terminals do
	p.Sees("helix> ")
	p.Types("echo one" + enter + "echo two" + enter)
	p.Sees("\none\r\n")
	p.Sees("\ntwo\r\n")
	p.Sees("helix> ")
	p.Types(ctrlD)
	p.leaves(t)
}

func TestHistoryOfATerminal(t *testing.T) {
	file := t.TempDir() + "/state/helix/history"
	p := sitDown(t, "HISTORY="+file)
	for _, line := range []string{"echo one", "config set discord.token=s3cr3t", "echo classified", " echo unkept", "redis auth s3cr3t"} {
		p.Sees("helix> ")
		p.Types(line + enter)
	}
	p.Sees("helix> ")
	p.Types(up + enter) // nothing private is within reach
	p.Sees("\none\r\n")
	p.Sees("helix> ")
	p.Types("redis auth s3cr3t" + enter)
	p.Sees("helix> ")
	p.Types(up + down + "say clean" + enter)
	p.Sees(`got "say clean"`)
	p.Sees("helix> ")
	p.Types(ctrlD)
	p.leaves(t)
	if got := fileText(t, file); got != "echo one\nsay clean\n" {
		t.Errorf("the history holds %q", got)
	}

	p = sitDown(t, "HISTORY="+file)
	p.Sees("helix> ")
	p.Types(up + up + " more" + enter)
	p.Sees("\none more\r\n")
	p.Sees("helix> ")
	p.Types(ctrlD)
	p.leaves(t)
	if got := fileText(t, file); got != "echo one\nsay clean\necho one more\n" {
		t.Errorf("the history holds %q", got)
	}
}

func TestTheEndOfTheContextGivesTheTerminalBack(t *testing.T) {
	defer goleak.VerifyNone(t)
	p, slave := ptytest.Open(t)
	before := settings(t, slave.Fd())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, Options{In: slave, Out: slave, Err: slave, Handler: handlerFunc(ok)}) }()
	p.Sees("helix> ")
	p.Types("half a line")
	p.Sees("half a line")
	if settings(t, slave.Fd()) == before {
		t.Error("lines are edited at a terminal that is not raw")
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if settings(t, slave.Fd()) != before {
		t.Error("the terminal stays raw")
	}
	p.Types("x\n") // lets go of the goroutine that reads
	p.Close()
}

func settings(t *testing.T, fd uintptr) unix.Termios {
	t.Helper()
	s, err := unix.IoctlGetTermios(int(fd), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *s
}
