// Package guard carries out typed Redis commands: it knows every command of the
// server from the server's own table, checks the caller's rights on each key,
// asks for sizes before it reads, and prints what redis-cli would print where
// standard output is no terminal. Commands that change something it makes at
// once, journalled, or records for a plan. It never sends a command that leaves
// state on a shared connection, or that could hold the server for longer than a
// few milliseconds.
package guard

import (
	"context"
	"io"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/keyspace"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/redact"
	"github.com/helix-collective/helix/replicas"
)

// Clients hands out the client for a database and a protocol version (2 or 3).
// A Cluster has only database 0.
type Clients interface {
	Client(db, protocol int) (redis.UniversalClient, error)
}

// Policy decides what a member may do.
type Policy interface {
	Check(permissions.Member, permissions.Action) error
	Preflight(permissions.Member, permissions.Right, string) error
	Scope(permissions.Member, permissions.Right) permissions.Scope
}

// Sink is where results go. A line that stands for a key is written by
// WriteKey, so that it stays one record whatever bytes the key holds.
type Sink interface {
	io.Writer
	WriteKey(text, key []byte) error
	Flush() error

	// Gone answers a channel that is closed once nobody reads any more; Flush
	// says so then. It is nil where that cannot be known.
	Gone() <-chan struct{}
}

// Options shapes a Guard.
type Options struct {
	DB      int              // database of calls without -n
	Now     func() time.Time // nil means time.Now
	OwnKeys []string         // keys of Helix with fixed names, told apart in DBSIZE
	// OwnIndexes are sorted sets among them, each with what begins the keys that
	// its members name.
	OwnIndexes map[string]string
	Share      func() int // per cent of the server's time that scans may take; nil means 100
	// Ended answers which keys were sessions that somebody ended: no undo brings
	// them back. Nil: none was.
	Ended func(ctx context.Context, keys []string) ([]bool, error)
	Lone  bool // neither a Sentinel nor a Cluster replaces the server
}

// Guard carries out Redis commands for members. Its methods may be called from
// several goroutines.
type Guard struct {
	clients Clients
	policy  Policy
	options Options
	tables  *tables
	hint    func(string)
	heard   func(keyspace.Progress) // nil: nobody asks how far a scan is
	gate    Gate
	viewer  Viewer
	changes changes   // nil: calls that change something are refused
	plan    *Planning // changes, if they are recorded; else nil
	final   bool      // nothing but the person reads what calls print

	replicas *replicas.Lately // of the servers that are changed

	redaction *redaction // nil: nothing is hidden
	early     *early     // nil: nothing is asked for early
}

// Gate is asked before a call runs that needs more than read, once the caller
// is found to hold the right. Its error ends the call.
type Gate func(ctx context.Context, command string, right permissions.Right) error

// New returns a Guard. Nothing is asked of Redis until the first call.
func New(clients Clients, policy Policy, options Options) *Guard {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Share == nil {
		options.Share = func() int { return 100 }
	}
	return &Guard{
		clients: clients,
		policy:  policy,
		options: options,
		tables:  &tables{},
		hint:    func(string) {},
		gate:    func(context.Context, string, permissions.Right) error { return nil },
		viewer:  nobody{},

		replicas: &replicas.Lately{Watched: !options.Lone},
	}
}

// WithHints returns a Guard that shares everything with g and hands advice on
// what results mean to add, a sentence or two at a time. add may be called
// several times with the same advice, and from several goroutines.
func (g *Guard) WithHints(add func(hint string)) *Guard {
	advised := *g
	advised.hint = add
	return &advised
}

// WithProgress returns a Guard that shares everything with g and tells heard how
// far each scan of the keyspace is. heard is called often, so it must be quick,
// and from several goroutines where several calls run.
func (g *Guard) WithProgress(heard func(keyspace.Progress)) *Guard {
	told := *g
	told.heard = heard
	return &told
}

// WithGate returns a Guard that shares everything with g and asks gate too.
func (g *Guard) WithGate(gate Gate) *Guard {
	gated := *g
	gated.gate = gate
	return &gated
}

// Final returns a Guard that shares everything with g and knows that nothing
// but the person reads what its calls print.
func (g *Guard) Final() *Guard {
	final := *g
	final.final = true
	return &final
}

// Database answers the number of the database that calls without -n are made in.
func (g *Guard) Database() int { return g.options.DB }

// Literal is one word of a call as the source has it. A word that is not Known
// yet may become any number of words.
type Literal struct {
	Text  string
	Known bool
}

// Check reports what can be told before anything runs: that the call names no
// command of the server, one that Helix refuses, or one that the caller may
// not use. Words that are not known yet, and such as may still be added at the
// end, are left to Do. args are what follows the word redis.
func (g *Guard) Check(ctx context.Context, caller permissions.Member, args []Literal) error {
	return g.preflight(ctx, caller, g.knownWords(args))
}

// knownWords answers the words before the first that is not known. A short form
// of a key is not: what it stands for turns out when the call runs.
func (g *Guard) knownWords(args []Literal) []string {
	var words []string
	for _, a := range args {
		if !a.Known || g.redaction != nil && redact.IsShort(a.Text) {
			break
		}
		words = append(words, a.Text)
	}
	return words
}

// Do carries out one call and prints its result as redis-cli does. The status
// is redis-cli's own: 0, also where the server answered with an error, unless
// -e asks for 1. args are what follows the word redis.
//
// The error is a *permissions.Denied, *Refused or *UnknownCommand, what a Sink
// answered, why ctx ended, or a fault: redis.IsAuthError and its like tell what
// the server holds against us, and net.Error that it is out of reach.
func (g *Guard) Do(ctx context.Context, caller permissions.Member, args []string, stdout Sink, stderr io.Writer) (status int, err error) {
	c, err := g.prepare(ctx, caller, args)
	if err != nil {
		return complain(err, stderr)
	}
	return c.run(ctx, stdout, stderr)
}

// Commands lists the names of the server's commands, sub-commands as in
// "config get", for completion and suggestions.
func (g *Guard) Commands(ctx context.Context) ([]string, error) {
	t, err := g.table(ctx)
	if err != nil {
		return nil, err
	}
	return t.names(), nil
}

// Description is what Helix makes of a command.
type Description struct {
	Name    string              // as people know it: "redis config get"
	Right   permissions.Right   // the first that it needs; empty where no right helps
	Rights  []permissions.Right // all of them
	Keys    []string            // the words that are keys
	Changes bool                // it changes something
	Refusal string              // why it does not run, as a sentence; empty where it does
}

// Describe answers what Helix makes of a call, for help and explanations. args
// are what follows the word redis; words may be missing at the end.
func (g *Guard) Describe(ctx context.Context, args []string) (Description, error) {
	return g.describe(ctx, args)
}
