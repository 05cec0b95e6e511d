package console

import (
	"io"
	"strings"
	"testing"

	"github.com/helix-collective/helix/internal/ptytest"
)

func TestPlansAtATerminal(t *testing.T) {
	p := sitDown(t)
	ask := func(message, question string) {
		p.Sees("helix> ")
		p.Types(message + enter)
		p.Sees("It would " + message + " 3 keys.\r\n")
		p.Sees(question)
	}
	const confirm, word, cancelled = "Confirm? [y/N] ", "Type flush to confirm: ", "Cancelled: nothing was changed.\r\n"
	ask("change", confirm)
	p.Types("y" + enter)
	p.Sees("running\r\n")
	p.Sees("3 keys done")
	ask("change", confirm)
	p.Types(" YES " + enter)
	p.Sees("running\r\n")
	for _, no := range []string{enter, "n" + enter, "yes please" + enter, ctrlC, "y" + ctrlC, ctrlD} {
		ask("change", confirm)
		p.Types(no)
		if between := p.Sees(cancelled); !strings.HasSuffix(between, "\r\n") {
			t.Errorf("after %q the answer stands on the line of the question: %q", no, between)
		}
	}
	ask("flush", word)
	p.Types("y" + enter)
	p.Sees(cancelled)
	ask("flush", word)
	p.Types("flush" + enter)
	p.Sees("running\r\n")
	ask("lapse", confirm)
	p.Types("y" + enter)
	p.Sees("There is no such plan any more.")
	ask("slow", confirm)
	p.Types("y" + enter)
	p.Sees("running\r\n")
	p.Types(ctrlC)
	p.Sees("Stopped after 1 of 3 keys.\r\n")
	p.Sees("helix> ")
	p.Types(ctrlC) // which was none too many
	p.Sees("once more leaves")
	p.Sees("helix> ")
	p.Types(ctrlD)
	p.leaves(t)
}

func TestAnswersToPlansAreNotKept(t *testing.T) {
	file := t.TempDir() + "/history"
	p := sitDown(t, "HISTORY="+file)
	p.Sees("helix> ")
	p.Types("flush" + enter)
	p.Sees("Type flush to confirm: ")
	p.Types("re" + tab + up + down + "secret answer" + enter)
	if between := p.Sees("Cancelled"); strings.Contains(between, "keys") {
		t.Errorf("an answer is completed: %q", between)
	}
	p.Sees("helix> ")
	p.Types(up + enter) // the message, and not the answer
	p.Sees("Type flush to confirm: ")
	p.Types(up + enter) // which is not "flush" out of the history
	p.Sees("helix> ")
	p.Types(ctrlD)
	p.leaves(t)
	if got := fileText(t, file); got != "flush\n" {
		t.Errorf("the history holds %q", got)
	}
}

func TestPlansAtAPlainTerminal(t *testing.T) {
	p := sitDown(t, "TERM=dumb")
	for _, answer := range []string{"n\n", ctrlC, "y\n"} {
		p.Sees("helix> ")
		p.Types("change\n")
		p.Sees("Confirm? [y/N] ")
		p.Types(answer)
	}
	p.Sees("running")
	p.Sees("helix> ")
	p.Types("change\n")
	p.Sees("Confirm? [y/N] ")
	p.Types(ctrlD)
	p.Sees("Cancelled")
	p.leaves(t)
	if strings.Contains(p.Screen(), "\x1b") {
		t.Errorf("an escape on the screen: %q", p.Screen())
	}
}

func TestProgressMakesWay(t *testing.T) {
	p, slave := ptytest.Open(t)
	c := newConversation(Options{Handler: handlerFunc(ok), Out: slave, Err: slave, NoColor: true})
	c.terminal, c.escapes = true, true
	stop := c.watch(func() string { return "half\x1b of it " + strings.Repeat("x", 200) })
	p.Sees("half␛ of it xx")
	if _, err := io.WriteString(c.out, "a line\n"); err != nil {
		t.Fatal(err)
	}
	if between := p.Sees(clearLine + "a line\r\n"); strings.Contains(between, strings.Repeat("x", 80)) {
		t.Errorf("the line of progress is broken: %q", between)
	}
	p.Sees("half")
	stop()
	c.note("The end.")
	p.Sees(clearLine + "The end.")
	p.Close()
}
