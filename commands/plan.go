package commands

import "time"

// Plan is a change that waits for a person's yes. What it stands for is kept
// in full; this is what people see of it.
type Plan struct {
	ID    string    // short, of letters and digits
	Text  string    // what it would do: several lines of plain text, redacted where the request is
	Word  string    // has to be typed to confirm; empty: a button or y is enough
	Until time.Time // it cannot be confirmed after that

	// Approval says who else has to agree first, as a sentence. It is empty
	// where nobody has to. With it a confirmation by its author asks the others.
	Approval string
}

// Confirmation is what somebody says to a plan: yes, no, or as another person
// that they agree.
type Confirmation struct {
	Request        // who says so, and where; its Text is empty
	Plan    string // the plan's id
	Word    string // what was typed; empty where nothing was
	Asked   string // the message that asked for the plan, as far as it is known
}
