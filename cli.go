package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	"github.com/helix-collective/helix/dial"
	"github.com/helix-collective/helix/suggest"
)

// Exit statuses that other programs rely on. A program's own status passes
// through unchanged.
const (
	exitOK          = 0
	exitFailure     = 1
	exitUsage       = 2 // a syntax error or an unknown command
	exitUnreachable = 5 // what else a request ends with: console.ExitStatus

	exitTerminated = 128 + 15 // by SIGTERM, as shells count
)

// subcommand is one word of the command line.
type subcommand struct {
	name    string
	summary string
	run     func(ctx context.Context, c *cli, args []string) error
}

func subcommands() []subcommand {
	return []subcommand{
		{"run", "the bot, if a Discord token is set; else the console", runRun},
		{"console", "a conversation at the terminal, or line by line from a pipe", runConsole},
		{"exec", "run each LINE as a chat message", runExec},
		{"serve", "the session service for back ends alone, without Discord", runServe},
		{"check", "hold configuration, Redis and Discord against what Helix needs", runCheck},
		{"version", "version, commit, Go", runVersion},
	}
}

// cli is where the program talks to whoever started it.
type cli struct {
	in       *os.File
	out, err *os.File
}

// exitError ends the program with a status; a message of its own is printed
// if it has one.
type exitError struct {
	status  int
	message string
}

func (e *exitError) Error() string { return e.message }

// helix runs the program and answers its exit status.
func helix(args []string, in, out, errOut *os.File) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	dial.Silence()
	limitGarbage()
	err := dispatch(ctx, &cli{in, out, errOut}, args)
	var exit *exitError
	switch {
	case err == nil, errors.Is(err, pflag.ErrHelp):
		return exitOK
	case errors.As(err, &exit):
		if exit.message != "" {
			fmt.Fprintln(errOut, exit.message)
		}
		return exit.status
	}
	fmt.Fprintln(errOut, err)
	return exitFailure
}

// softMemory is from where on garbage is collected at every turn, so that a
// program that goes through large values stays near what it holds.
const softMemory = 64 << 20

// limitGarbage sets the limit, unless whoever started us did (GOMEMLIMIT).
func limitGarbage() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
}

// untilInterrupted answers a context that ends by SIGINT too. At a terminal the
// console takes that signal itself, to stop a program rather than to leave.
func untilInterrupted(ctx context.Context) (context.Context, context.CancelFunc) {
	return signal.NotifyContext(ctx, os.Interrupt)
}

func dispatch(ctx context.Context, c *cli, args []string) error {
	if len(args) == 0 {
		return runRun(ctx, c, nil)
	}
	switch args[0] {
	case "help", "-h", "--help":
		_, err := io.WriteString(c.out, usage())
		return err
	case "--version":
		return runVersion(ctx, c, args[1:])
	}
	if strings.HasPrefix(args[0], "-") {
		return runRun(ctx, c, args)
	}
	var names []string
	for _, s := range subcommands() {
		if s.name == args[0] {
			return s.run(ctx, c, args[1:])
		}
		names = append(names, s.name)
	}
	message := fmt.Sprintf("helix has no command %q.", args[0])
	if near, ok := suggest.Nearest(args[0], names); ok {
		message += fmt.Sprintf(" Did you mean %q?", near)
	}
	return &exitError{exitUsage, message + " `helix help` lists them."}
}

func usage() string {
	var b strings.Builder
	b.WriteString("Usage: helix [COMMAND] [FLAGS]\n\n")
	for _, s := range subcommands() {
		fmt.Fprintf(&b, "  %-8s  %s\n", s.name, s.summary)
	}
	b.WriteString("\n`helix COMMAND --help` lists a command's flags.\n")
	return b.String()
}

// flagSet answers an empty flag set that prints its usage to the cli's output.
func (c *cli) flagSet(name, synopsis string) *pflag.FlagSet {
	flags := pflag.NewFlagSet(name, pflag.ContinueOnError)
	flags.SetOutput(c.err)
	flags.Usage = func() {
		fmt.Fprintf(c.out, "Usage: helix %s %s\n\n%s", name, synopsis, flags.FlagUsages())
	}
	return flags
}

// parse reads flags; a mistake in them is a usage error.
func parse(flags *pflag.FlagSet, args []string) error {
	err := flags.Parse(args)
	if err == nil || errors.Is(err, pflag.ErrHelp) {
		return err
	}
	return &exitError{exitUsage, fmt.Sprintf("%v. `helix %s --help` lists the flags.", err, flags.Name())}
}

// takesNone reads the flags of a command that takes no arguments.
func takesNone(flags *pflag.FlagSet, args []string) error {
	if err := parse(flags, args); err != nil {
		return err
	}
	return hasNone(flags)
}

// hasNone refuses what is left behind the flags that were read.
func hasNone(flags *pflag.FlagSet) error {
	if flags.NArg() > 0 {
		return &exitError{exitUsage, fmt.Sprintf("helix %s takes no arguments; `helix exec` runs lines.", flags.Name())}
	}
	return nil
}
