package shell

import "context"

// Command is what a name of a program runs. The same value serves many calls
// at once.
type Command interface {
	// Run carries out one call and answers its exit status. An error ends the
	// whole program: a limit, a lost connection, a refusal, the end of ctx. A
	// failure that a shell program may react to is a status, explained on
	// Stderr. ErrPipeClosed from call.Stdout may be passed up as it is; it
	// ends only this stage.
	Run(ctx context.Context, call *Call) (status int, err error)
}

// CommandFunc is a function as a Command.
type CommandFunc func(ctx context.Context, call *Call) (int, error)

// Run calls f.
func (f CommandFunc) Run(ctx context.Context, call *Call) (int, error) { return f(ctx, call) }

// Batcher is a Command that carries out many calls together, for a cost below
// one round trip each. xargs uses it.
type Batcher interface {
	Command
	// RunBatch carries out calls that differ only in their arguments. What
	// they write comes in the order of argv. The status is 0 if all were 0,
	// else that of the first that was not.
	RunBatch(ctx context.Context, call *Call, argv [][]Arg) (status int, err error)
}

// Arg is one argument after expansion. Commands that act on keys use Whole;
// commands that work on text use Text.
type Arg struct {
	Text  string // as filters see it and as it may be shown
	Whole string // what it stands for; the same as Text unless something was left out of Text
	Key   bool   // it is one key, as a record brought it, and nothing else
}

// Plain returns an argument that stands for its own text.
func Plain(s string) Arg { return Arg{Text: s, Whole: s} }

// Call is one call of a command: name, arguments and streams. It is valid
// until Run returns.
type Call struct {
	Name   string // as resolved: no leading "!"
	Args   []Arg  // without the name
	Pos    Pos    // where the name stands in the source
	Stdin  *Reader
	Stdout *Writer
	Stderr *Writer
	Budget *Budget

	// Final says that nothing in the program reads what is written to Stdout:
	// it is the program's own output, or leads nowhere, and is no pipe's and no
	// capture's.
	Final bool
}

// Texts answers the arguments' texts.
func (c *Call) Texts() []string {
	out := make([]string, len(c.Args))
	for i, a := range c.Args {
		out[i] = a.Text
	}
	return out
}

// Pos is a place in a program's source. Both count from one; Column counts
// characters.
type Pos struct{ Line, Column int }
