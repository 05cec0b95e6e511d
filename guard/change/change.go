// Package change carries out Redis commands in journalled transactions: what
// their keys held is on disk before anything is changed, and no key is changed
// that is not what was kept of it. Commands go in transactions that keep the
// server busy for about a millisecond. It decides nothing about who may do what.
package change

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/clock"
	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/replicas"
)

// Step is one command, or with Each many that differ only in their key.
type Step struct {
	DB   int
	Argv []string
	Keys []Key // that it changes, each once. None: Options.Apart carries it out

	// Each says that Argv is carried out for each of Keys by itself, which takes
	// the place of its second word. Such a step neither decides nor looks, and
	// is not for a Cluster.
	Each bool

	// Together says of a step that has Each that it is UNLINK as one command: its
	// reply is the sum of theirs.
	Together bool

	// Decide, where set, stands in for Argv: it answers the command for what
	// the step's only key holds now, or none to leave it alone. at is the
	// server's time in Unix milliseconds. It may be called again, if that
	// changed before the command could be carried out.
	Decide func(now journal.Image, at int64) (argv []string)

	// Absent lists keys that must not exist for the command to be carried out.
	Absent []string

	Part bool // of a command that more steps belong to: it is carried out with the last of them
	Note any  // the caller's own; comes back in Done

	of   *sweep // the step that this is a part of, where it has Each
	from int    // the first of its keys
}

// Key is a key that a step changes.
type Key struct {
	Name   string
	Alters bool // it may hold another value afterwards, rather than none or the same for another time
	Ends   bool // it does not exist afterwards

	// Lives is how long the key lives from then on, where that is all that the
	// step changes, and does only if it answers 1. 0 means anything else.
	Lives time.Duration

	// Compared says that Decide needs what it holds, even if that is larger than
	// MaxKept, up to MaxCompared.
	Compared bool
}

// Done is what became of a step.
type Done struct {
	Step    Step
	Reply   []byte   // as the server sent it, in RESP2; nil where it got lost or the step was left alone
	Replies [][]byte // in the place of Reply, one for each key of a step that has Each and is not Together; nil where it got lost
	Left    bool     // Decide left it alone, or a key exists that must not
	Partly  bool     // the run ended before all of a step that has Each was made: Step.Keys are those that were
	Lost    []string // keys that are another now, and held too much to be kept in the journal
}

// Journal keeps what keys held. *journal.Writer is one.
type Journal interface {
	Before(batches ...[]journal.Image) error
	After(states []journal.State) error
	Mark(text string) error // of a Position
}

// Options is what changes are made with. Client is needed.
type Options struct {
	Client  func(db int) (redis.UniversalClient, error) // of a database, in RESP2
	Journal Journal                                     // nil: nothing is kept
	ID      string                                      // of the change; names the key that says how far it is, where it is set

	// Apart carries out a step without keys and answers its raw reply.
	Apart func(context.Context, Step) (reply []byte, err error)

	// Memory is how long what is kept will be of use. Values of keys that live
	// longer than that afterwards need not be kept where only their time changes.
	Memory time.Duration

	// Lone says that neither a Sentinel nor a Cluster puts another server into the
	// place of this one, so that a replica stays a replica.
	Lone bool

	// May is asked before each batch, and its error ends the run: this process has
	// lost the right to change anything. Nil: it never does.
	May func() error

	// Replicas is shared by changes to the same servers; nil: this one knows of no
	// other.
	Replicas *replicas.Lately

	Share    func() int           // per cent of the server's time; nil means 100
	Patience time.Duration        // how long a server that went away is waited for; 0 means 15 s
	Progress func(commands int64) // told after each batch how many commands are done; may be nil
}

const (
	defaultPatience = 15 * time.Second

	// lastPatience is how long a run that was told to end goes on to find out what
	// became of a batch under way.
	lastPatience = 2 * time.Second
)

// errGivenUp is why what is asked of a server ends lastPatience after the run was
// told to.
var errGivenUp = errors.New("the change was told to end, and its server does not answer")

// LostError says that a run ended since the server went away, and that of the
// last steps nobody knows yet whether they were made.
type LostError struct {
	Unknown int // commands
	Err     error
}

func (e *LostError) Error() string {
	return fmt.Sprintf("the server went away, and of %d commands it is not known whether they were carried out: %v", e.Unknown, e.Err)
}

func (e *LostError) Unwrap() error { return e.Err }

// UndoneError says that the server came back without changes that it had
// confirmed: it was restarted, or another one took over.
type UndoneError struct {
	Commands int64 // that those were
}

func (e *UndoneError) Error() string {
	return "Redis came back without the last changes that it had confirmed"
}

// RefusedError says that the server takes no changes now, and that nothing of
// the last steps was done.
type RefusedError struct{ Why *ServerError }

func (e *RefusedError) Error() string { return "the server takes no changes: " + e.Why.Text }

func (e *RefusedError) Unwrap() error { return e.Why }

// Engine carries out the steps of one change, in one or several runs, one at a
// time.
type Engine struct {
	Options
	work     context.Context
	stop     context.CancelFunc
	size     *sizer
	odd      atomic.Bool // the last keys were no strings
	sessions *sessions
	markers  markers // of transactions, in keys of ours
	batches  int64   // of all runs
	carried  int64   // commands of all runs that were carried out
	lost     int64   // of those, which the server lost again
	open     bool    // nobody knows whether the last batch was made

	replicated bool  // a server that was changed had replicas at first
	behind     bool  // and one lacked something after the last run
	safe       int64 // commands that were carried out and that all replicas have

	full       atomic.Bool // the server's memory was: it takes scripts, and no transactions
	unscripted atomic.Bool // scripts are refused

	trouble trouble
}

// New returns an Engine. Close gives up its connections.
func New(o Options) *Engine {
	if o.Share == nil {
		o.Share = func() int { return 100 }
	}
	if o.Patience == 0 {
		o.Patience = defaultPatience
	}
	if o.May == nil {
		o.May = func() error { return nil }
	}
	if o.Replicas == nil {
		o.Replicas = &replicas.Lately{}
	}
	work, stop := context.WithCancel(context.Background())
	return &Engine{Options: o, work: work, stop: stop, size: newSizer(), sessions: newSessions(work), markers: markers{off: o.ID == ""}}
}

// Close takes away the key that said how far the change was, unless it is still
// needed to find out whether the last batch was made, and gives up the
// connections. No run may go on.
func (e *Engine) Close() {
	if !e.open && e.May() == nil {
		_ = e.unmark(lastPatience) // whatever it tells, the last run has told
	}
	e.stop()
	e.sessions.close()
}

// Run carries out what next answers, in order, until there is no more (ok is
// false), an error, or the end of ctx; a batch under way is carried to its end
// then, if its server lets that come within two seconds: else it is not known what
// became of it. done is called for every step, in order, with what became of it; its
// error ends the run, after the batch. The steps of a batch that were made are
// always told.
func (e *Engine) Run(ctx context.Context, next func() (s Step, ok bool, err error), done func(Done) error) error {
	r := &run{Engine: e, source: &source{next: next}, done: done, first: e.batches + 1, begun: make(map[*sweep]struct{})}
	work, giveUp := context.WithCancelCause(e.work)
	defer giveUp(nil)
	defer context.AfterFunc(ctx, func() {
		if clock.Sleep(work, lastPatience) == nil {
			giveUp(errGivenUp)
		}
	})()
	err := r.all(ctx, work)
	if failed := r.reportBegun(); failed != nil {
		err = errors.Join(err, failed)
	}
	if e.open {
		e.lost += undoneBy(err)
		return err // the last position belongs to the last batch
	}
	r.replicate()
	within := e.Patience
	if ctx.Err() != nil {
		within = min(within, lastPatience)
	}
	if gone := e.unmark(within); gone != nil { // between two runs nobody is to see them
		err = joined(err, gone)
	}
	e.lost += undoneBy(err)
	return errors.Join(err, e.note(e.position()))
}

func undoneBy(err error) int64 {
	var undone *UndoneError
	if errors.As(err, &undone) {
		return undone.Commands
	}
	return 0
}
