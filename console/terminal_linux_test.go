package console

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

const (
	ctrlC, ctrlD, tab, enter, up, down, left = "\x03", "\x04", "\t", "\r", "\x1b[A", "\x1b[B", "\x1b[D"
)

func TestTerminalConversation(t *testing.T) {
	p := sitDown(t)
	p.sees("Welcome.")
	p.sees("help lists what there is")
	p.sees("helix> ")
	p.types("echo hello" + enter)
	p.sees("\nhello\r\n")
	p.sees("helix> ")
	p.types("eco again" + strings.Repeat(left, 7) + "h" + enter)
	p.sees("\nagain\r\n")
	p.sees("helix> ")
	p.types(up + up + enter)
	p.sees("\nhello\r\n")
	p.sees("helix> ")
	p.types("quit" + enter)
	p.leaves()
}

func TestTerminalContinuesMessages(t *testing.T) {
	p := sitDown(t)
	p.sees("helix> ")
	p.types("while read k; do" + enter)
	p.sees("… ")
	p.types("say $k" + enter)
	p.sees("… ")
	p.types("done" + enter)
	p.sees(`got "while read k; do\nsay $k\ndone"`)
	p.sees("helix> ")
	p.types("say 'never mind" + enter)
	p.sees("… ")
	p.types(ctrlC)
	if between := p.sees("helix> "); strings.Contains(between, "leaves") {
		t.Errorf("giving up a message counts as leaving: %q", between)
	}
	p.types("say 'open" + enter)
	p.sees("… ")
	p.types(ctrlD)
	p.sees(`got "say 'open"`)
	p.sees("helix> ")
	p.types(ctrlD)
	p.leaves()
}

func TestCtrlCStopsTheProgramAndNotTheConsole(t *testing.T) {
	p := sitDown(t)
	p.sees("helix> ")
	p.types("wait" + enter)
	p.sees("waiting")
	p.types(ctrlC)
	if between := p.sees("Stopped.\r\n"); !strings.Contains(between, "^C\r\n") {
		t.Errorf("the answer stands on the line of ^C: %q", between)
	}
	p.sees("helix> ")
	p.types("echo alive" + enter)
	p.sees("\nalive\r\n")
	p.sees("helix> ")
	p.types("half a line" + ctrlC)
	p.sees("^C")
	p.sees("helix> ")
	p.types("half again" + ctrlC)
	p.sees("^C")
	p.sees("helix> ")
	p.types(ctrlC)
	p.sees("once more leaves")
	p.sees("helix> ")
	p.types("echo still" + enter)
	p.sees("\nstill\r\n")
	p.sees("helix> ")
	p.types(ctrlC)
	p.sees("once more leaves")
	p.sees("helix> ")
	p.types(ctrlC)
	p.leaves()
}

func TestASecondCtrlCLeavesAProgramThatGoesOn(t *testing.T) {
	p := sitDown(t)
	p.sees("helix> ")
	p.types("stubborn" + enter)
	p.sees("not listening")
	p.types(ctrlC)
	p.sees("heard, and going on")
	p.types(ctrlC)
	p.leaves()
}

func TestTerminalIsNotTakenOver(t *testing.T) {
	p := sitDown(t)
	p.sees("helix> ")
	p.types("evil" + enter)
	p.sees(`\x1b]0;owned\x07\x1b[2J\x1b[31mred` + "\r\n")
	p.sees("helix> ")
	p.types("exit" + enter)
	p.leaves()
}

func TestABlockMayFollowAVerb(t *testing.T) {
	p := sitDown(t)
	p.sees("helix> ")
	p.types("config import" + enter)
	p.sees("A block between ``` and ``` may follow")
	p.types("```" + enter + "a=1" + enter + "```" + enter)
	p.sees(`got "config import\n` + "```" + `\na=1\n` + "```" + `"`)
	p.sees("helix> ")
	p.types("redis" + enter)
	p.sees("… ")
	p.types(enter)
	p.sees(`got "redis"`)
	p.sees("helix> ")
	p.types(ctrlD)
	p.leaves()
}

func TestTabCompletes(t *testing.T) {
	p := sitDown(t)
	p.sees("helix> ")
	p.types("re" + tab + "k" + tab)
	p.sees("redis keys")
	p.types(enter)
	p.sees(`got "redis keys "`)
	p.sees("helix> ")
	p.types("say 'x" + enter)
	p.sees("… ")
	p.types("con" + tab + "'" + enter)
	p.sees(`got "say 'x\nconfig '"`)
	p.sees("helix> ")
	p.types("b" + tab + tab + "lank" + enter)
	p.sees(`got "blank"`)
	p.sees("helix> ")
	p.types(ctrlD)
	p.leaves()
}

func TestNotesAreDimWhereThatIsWanted(t *testing.T) {
	p := sitDown(t)
	p.sees("helix> ")
	p.types("advise" + enter)
	p.sees("\x1b[2mA hint.\x1b[0m\r\n\x1b[2mA footer.\x1b[0m\r\n")
	p.sees("helix> ")
	p.types(ctrlD)
	p.leaves()

	p = sitDown(t, "NO_COLOR=1")
	p.sees("helix> ")
	p.types("advise" + enter)
	p.sees("A hint.\r\nA footer.\r\n")
	p.sees("helix> ")
	p.types(ctrlD)
	p.leaves()
	if strings.Contains(p.screen.String(), "\x1b[2m") {
		t.Error("dim in spite of NO_COLOR")
	}
}

func TestAPlainTerminalGetsNoEscapes(t *testing.T) {
	p := sitDown(t, "TERM=dumb")
	p.sees("helix> ")
	p.types("say 'a\n")
	p.sees("… ")
	p.types("b'\n")
	p.sees(`got "say 'a\nb'"`)
	p.sees("helix> ")
	p.types("wait\n")
	p.sees("waiting")
	p.types(ctrlC)
	p.sees("Stopped.")
	p.sees("helix> ")
	p.types(ctrlC)
	p.sees("once more leaves")
	p.sees("helix> ")
	p.types(ctrlD)
	p.leaves()
	if strings.Contains(p.screen.String(), "\x1b") {
		t.Errorf("an escape on the screen: %q", p.screen.String())
	}
}

func TestWhatIsTypedAheadIsKept(t *testing.T) {
	p := sitDown(t)
	p.sees("helix> ")
	p.types("wait" + enter)
	p.sees("waiting")
	p.types("echo ahead\n")
	p.sees("echo ahead")
	p.types(ctrlC) // which drops what was typed ahead, as terminals do
	p.sees("helix> ")
	p.types("echo one" + enter + "echo two" + enter)
	p.sees("\none\r\n")
	p.sees("\ntwo\r\n")
	p.sees("helix> ")
	p.types(ctrlD)
	p.leaves()
}

func TestHistoryOfATerminal(t *testing.T) {
	file := t.TempDir() + "/state/helix/history"
	p := sitDown(t, "HISTORY="+file)
	for _, line := range []string{"echo one", "config set discord.token=s3cr3t", "echo classified", " echo unkept", "redis auth s3cr3t"} {
		p.sees("helix> ")
		p.types(line + enter)
	}
	p.sees("helix> ")
	p.types(up + enter) // nothing private is within reach
	p.sees("\none\r\n")
	p.sees("helix> ")
	p.types("redis auth s3cr3t" + enter)
	p.sees("helix> ")
	p.types(up + down + "say clean" + enter)
	p.sees(`got "say clean"`)
	p.sees("helix> ")
	p.types(ctrlD)
	p.leaves()
	if got := fileText(t, file); got != "echo one\nsay clean\n" {
		t.Errorf("the history holds %q", got)
	}

	p = sitDown(t, "HISTORY="+file)
	p.sees("helix> ")
	p.types(up + up + " more" + enter)
	p.sees("\none more\r\n")
	p.sees("helix> ")
	p.types(ctrlD)
	p.leaves()
	if got := fileText(t, file); got != "echo one\nsay clean\necho one more\n" {
		t.Errorf("the history holds %q", got)
	}
}

func TestTheEndOfTheContextGivesTheTerminalBack(t *testing.T) {
	defer goleak.VerifyNone(t)
	master, slave := openPTY(t)
	before := settings(t, slave.Fd())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, Options{In: slave, Out: slave, Err: slave, Handler: handlerFunc(ok)}) }()
	p := &terminal{t: t, keys: master}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(&p.screen, master)
	}()
	p.sees("helix> ")
	p.types("half a line")
	p.sees("half a line")
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
	p.types("x\n") // lets go of the goroutine that reads
	slave.Close()
	<-read
	master.Close()
}

func settings(t *testing.T, fd uintptr) unix.Termios {
	t.Helper()
	s, err := unix.IoctlGetTermios(int(fd), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *s
}
