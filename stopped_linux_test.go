package main

import (
	"testing"

	"github.com/helix-collective/helix/internal/ptytest"
)

// TestCtrlCStopsWhatATerminalConfirmed stops a change as a person does, who then
// goes on with the conversation.
func TestCtrlCStopsWhatATerminalConfirmed(t *testing.T) {
	const ctrlC, ctrlD = "\x03", "\x04"
	s := newStoppable(t)
	p := ptytest.Start(t, s.command(t, "console"))
	p.Sees("helix> ")
	p.Types(slowChange + "\n")
	p.Sees("Type all to confirm: ")
	p.Types(ctrlC)
	p.Sees("nothing was changed")
	p.Sees("helix> ")
	p.Types(slowChange + "\n")
	p.Sees("Type all to confirm: ")
	p.Types("all\n")
	s.awaitMiddle(t)
	p.Types(ctrlC)
	p.Sees("Stopped.")
	said := p.Sees("helix> ")
	p.Types(ctrlD)
	if err := p.Leaves(); err != nil {
		t.Error(err)
	}
	s.isAccountedFor(t, said)
}
