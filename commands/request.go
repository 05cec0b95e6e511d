// Package commands defines the verbs and the gate that every call passes. It
// takes a Request and answers a Reply, and knows neither Discord nor terminals.
package commands

import (
	"context"
	"io"
	"time"

	"github.com/helix-collective/helix/permissions"
)

// Request is one message asked of Helix.
type Request struct {
	ID     string // the message that asks; names the request in logs; may be empty
	Text   string // the whole message, its prefix included, a mention of the bot left out
	Caller permissions.Member

	// Mentioned says that the message mentions the bot, so that it is meant
	// for it even without a prefix.
	Mentioned bool

	// Late says that the message was said too long ago to change anything: it
	// is read and answered, but makes no change and no plan.
	Late bool

	// Overtaken says that a message that came after this one in its channel was
	// answered before: it is read and answered, but changes nothing.
	Overtaken bool

	// Unclaimed says that Redis could not be asked whether another instance of
	// Helix answers the same: it is read and answered, but changes nothing.
	Unclaimed bool

	// Member finds another member of the caller's guild by id, with roles, for
	// verbs that speak of others. It is nil where there are none.
	Member func(ctx context.Context, id string) (permissions.Member, error)

	// Elsewhere answers the caller as if they had asked in another channel of
	// their guild, for what is to be said there. An *AbsentError says that they
	// could not write there. It is nil where there are no other channels.
	Elsewhere func(ctx context.Context, channel string) (permissions.Member, error)

	// Schedule is the id of the schedule that asks in the name of Caller; empty:
	// a person does. It only reads: whatever does more, and what goes on until it
	// is stopped, is refused.
	Schedule string

	// Stdout and Stderr, where set, get the program's output as it comes, byte
	// for byte and without a limit on its size; Reply.Output stays empty then.
	Stdout, Stderr io.Writer

	// Progress, where set, tells its owner how far the program is while it runs.
	Progress *Progress

	// Mode says what becomes of a program that would change something.
	Mode Mode

	// AlwaysPlan has every change planned, also one that would be made at once if
	// its caller had typed it: their press or their alias stands for a text that
	// they may not have read. What has no plan is refused.
	AlwaysPlan bool

	// Again says that it asks once more what was asked before, to keep that answer
	// up to date: it changes nothing, and is not recorded anew.
	Again bool

	// Redact hides secrets and whole ids in everything that is answered.
	Redact bool

	// Timeout bounds the program; zero means the setting shell.timeout.
	Timeout time.Duration
}

// Mode says what becomes of a program that would change something. It makes no
// difference to one that only reads.
type Mode int

// The modes.
const (
	// Ask plans the changes and waits for a confirmation: the reply has a Plan,
	// and nothing is changed. Small changes that can be undone run at once.
	Ask Mode = iota

	// Direct runs the program at once with the shell's own semantics, so that
	// what it reads are its own changes. They are journalled and can be undone
	// like those of a plan.
	Direct

	// Only shows the plan and runs nothing, now or later: the reply's Plan
	// cannot be confirmed, and even the smallest change is only planned.
	Only
)

// Outcome says in one word how a request ended.
type Outcome string

// The outcomes.
const (
	OK          Outcome = "ok"          // the program ran to its end, with whatever status
	Syntax      Outcome = "syntax"      // not a program, or one that uses what Helix refuses
	Unknown     Outcome = "unknown"     // a command that Helix does not know
	Denied      Outcome = "denied"      // the caller may not
	Unconfirmed Outcome = "unconfirmed" // needs a confirmation that was not given
	Unreachable Outcome = "unreachable" // Redis or Discord out of reach
	Limited     Outcome = "limited"     // stopped at a limit
	Cancelled   Outcome = "cancelled"   // stopped by the caller or at shutdown
	Faulty      Outcome = "fault"       // our own fault; the log has the details
	Interrupted Outcome = "interrupted" // the process that made a change ended in the middle; in records alone
)

// early reports whether a program that ran was ended before its own end.
func (o Outcome) early() bool { return o == Unreachable || o == Limited || o == Cancelled }

// Reply is the answer to a Request.
type Reply struct {
	Outcome Outcome
	Status  int    // the program's exit status
	Output  []byte // standard output and standard error as they came; any bytes
	// Truncated is how many bytes of output were left out at the limit.
	Truncated int64
	Card      *Card // the same as Output, to be laid out; nil where Output is no card

	// Problem says in words what went wrong and what to do next. It is empty
	// when nothing did. It may hold a source line with a caret below, marked
	// by line breaks, so show it in a fixed-width font if it has several lines.
	Problem  string
	Hints    []string  // advice on what the output means, one sentence each
	Footer   string    // count, time, database, partial or not
	Offers   []Offer   // next steps, at most five
	Pictures []Picture // that go with the output, at most one
	Watch    *Watch    // how to keep the answer up to date; nil: it stays as it is

	// Hidden says that something of what was read was hidden or cut short, and
	// that Reveal answers the same message without.
	Hidden bool

	// Changed says that something was changed, or may have been, so that the same
	// message is not to be run in another version.
	Changed bool

	// Asked is the line that changed something, without secrets and clipped, for
	// whoever hears of it elsewhere; empty where nothing was changed, and where
	// [Dispatcher.Recover] will tell of it.
	Asked string

	// Plan waits for a confirmation; the outcome is Unconfirmed then. It is
	// nil where nothing does.
	Plan *Plan

	// Quiet says that nothing shall be answered: the message was not for
	// Helix, or an unknown person asked where Helix is not configured.
	Quiet bool

	ref string // names a fault in the log
}
