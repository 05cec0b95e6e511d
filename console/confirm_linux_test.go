package console

import (
	"io"
	"strings"
	"testing"
)

func TestPlansAtATerminal(t *testing.T) {
	p := sitDown(t)
	ask := func(message, question string) {
		p.sees("helix> ")
		p.types(message + enter)
		p.sees("It would " + message + " 3 keys.\r\n")
		p.sees(question)
	}
	const confirm, word, cancelled = "Confirm? [y/N] ", "Type flush to confirm: ", "Cancelled: nothing was changed.\r\n"
	ask("change", confirm)
	p.types("y" + enter)
	p.sees("running\r\n")
	p.sees("3 keys done")
	ask("change", confirm)
	p.types(" YES " + enter)
	p.sees("running\r\n")
	for _, no := range []string{enter, "n" + enter, "yes please" + enter, ctrlC, "y" + ctrlC, ctrlD} {
		ask("change", confirm)
		p.types(no)
		if between := p.sees(cancelled); !strings.HasSuffix(between, "\r\n") {
			t.Errorf("after %q the answer stands on the line of the question: %q", no, between)
		}
	}
	ask("flush", word)
	p.types("y" + enter)
	p.sees(cancelled)
	ask("flush", word)
	p.types("flush" + enter)
	p.sees("running\r\n")
	ask("lapse", confirm)
	p.types("y" + enter)
	p.sees("There is no such plan any more.")
	ask("slow", confirm)
	p.types("y" + enter)
	p.sees("running\r\n")
	p.types(ctrlC)
	p.sees("Stopped after 1 of 3 keys.\r\n")
	p.sees("helix> ")
	p.types(ctrlC) // which was none too many
	p.sees("once more leaves")
	p.sees("helix> ")
	p.types(ctrlD)
	p.leaves()
}

func TestAnswersToPlansAreNotKept(t *testing.T) {
	file := t.TempDir() + "/history"
	p := sitDown(t, "HISTORY="+file)
	p.sees("helix> ")
	p.types("flush" + enter)
	p.sees("Type flush to confirm: ")
	p.types("re" + tab + up + down + "secret answer" + enter)
	if between := p.sees("Cancelled"); strings.Contains(between, "keys") {
		t.Errorf("an answer is completed: %q", between)
	}
	p.sees("helix> ")
	p.types(up + enter) // the message, and not the answer
	p.sees("Type flush to confirm: ")
	p.types(up + enter) // which is not "flush" out of the history
	p.sees("helix> ")
	p.types(ctrlD)
	p.leaves()
	if got := fileText(t, file); got != "flush\n" {
		t.Errorf("the history holds %q", got)
	}
}

func TestPlansAtAPlainTerminal(t *testing.T) {
	p := sitDown(t, "TERM=dumb")
	for _, answer := range []string{"n\n", ctrlC, "y\n"} {
		p.sees("helix> ")
		p.types("change\n")
		p.sees("Confirm? [y/N] ")
		p.types(answer)
	}
	p.sees("running")
	p.sees("helix> ")
	p.types("change\n")
	p.sees("Confirm? [y/N] ")
	p.types(ctrlD)
	p.sees("Cancelled")
	p.leaves()
	if strings.Contains(p.screen.String(), "\x1b") {
		t.Errorf("an escape on the screen: %q", p.screen.String())
	}
}

func TestProgressMakesWay(t *testing.T) {
	master, slave := openPTY(t)
	p := &terminal{t: t, keys: master}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(&p.screen, master) // ends with the terminal
	}()
	c := newConversation(Options{Handler: handlerFunc(ok), Out: slave, Err: slave, NoColor: true})
	c.terminal, c.escapes = true, true
	stop := c.watch(func() string { return "half\x1b of it " + strings.Repeat("x", 200) })
	p.sees("half␛ of it xx")
	if _, err := io.WriteString(c.out, "a line\n"); err != nil {
		t.Fatal(err)
	}
	if between := p.sees(clearLine + "a line\r\n"); strings.Contains(between, strings.Repeat("x", 80)) {
		t.Errorf("the line of progress is broken: %q", between)
	}
	p.sees("half")
	stop()
	c.note("The end.")
	p.sees(clearLine + "The end.")
	slave.Close()
	<-read
	master.Close()
}
