package console

import (
	"fmt"
	"strings"

	"github.com/helix-collective/helix/commands"
)

// show writes what of a reply was not written while the program ran.
func (c *conversation) show(r commands.Reply) error {
	_, _ = c.out.Write(r.Output) // end tells of its fault
	err := c.out.end()
	_ = c.notes.end() // there is nowhere left to say that notes cannot be written
	if r.Quiet {
		return err
	}
	if r.Truncated > 0 {
		c.note(fmt.Sprintf("… %d bytes of output were left out.", r.Truncated))
	}
	if r.Problem != "" {
		c.notes.say(strings.TrimRight(r.Problem, "\n"), aligned)
	}
	for _, hint := range r.Hints {
		c.note(hint)
	}
	if r.Footer != "" {
		c.note(r.Footer)
	}
	for _, offer := range r.Offers {
		c.note(offer.Label + ": " + offer.Line)
	}
	return err
}

// note says something beside the output.
func (c *conversation) note(text string) { c.notes.say(strings.TrimRight(text, "\n"), dimmed) }

// greet opens a conversation at a terminal.
func (c *conversation) greet(greeting string) {
	if greeting != "" {
		c.notes.say(strings.TrimRight(greeting, "\n"), plain)
	}
	c.note("help lists what there is, Tab completes, Ctrl-C stops a program, exit leaves.")
}
