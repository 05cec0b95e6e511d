package commands

import (
	"context"
	"time"
)

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

// Confirm claims a plan for its only run. It answers at once: with how to run
// it, or, where run is nil, with why not. A refusal is for the eyes of who
// confirms alone, and leaves the plan as it was.
func (d *Dispatcher) Confirm(ctx context.Context, c Confirmation) (run func(context.Context) Reply, refusal Reply) {
	return nil, lapsed()
}

// Cancel drops a plan. Its author may, and who could approve it.
func (d *Dispatcher) Cancel(ctx context.Context, c Confirmation) (dropped bool, reply Reply) {
	return false, lapsed()
}

// Approve notes the agreement of a second person. Where approved is false the
// reply is for their eyes alone.
func (d *Dispatcher) Approve(ctx context.Context, c Confirmation) (approved bool, reply Reply) {
	return false, lapsed()
}

// lapsed answers for a plan that there is not, or not any more.
func lapsed() Reply {
	return Reply{Outcome: Unconfirmed, Problem: "There is no such plan any more: a plan waits for two minutes and runs once. Type the command again to see a fresh one."}
}
