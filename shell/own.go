package shell

import (
	"context"
	"strconv"
)

// ownCommand is one of the shell's own commands. It leaves its status in s.
type ownCommand func(ctx context.Context, s *scope, inv *invocation) error

// own answers the shell's own command of a name, or nil.
func own(name string) ownCommand {
	switch name {
	case "true", ":":
		return succeed
	case "false":
		return failQuietly
	case "exit":
		return exit
	case "break", "continue":
		return leaveLoop
	case "read":
		return read
	case "test", "[":
		return test
	case "sh":
		return runScript
	case "xargs":
		return xargs
	}
	return nil
}

func isOwn(name string) bool { return own(name) != nil }

// OwnCommands answers the names of the commands that are the shell's own, in
// the order of the alphabet.
func OwnCommands() []string {
	return []string{":", "[", "break", "continue", "exit", "false", "read", "sh", "test", "true", "xargs"}
}

func succeed(_ context.Context, s *scope, _ *invocation) error {
	s.status = 0
	return nil
}

func failQuietly(_ context.Context, s *scope, _ *invocation) error {
	s.status = 1
	return nil
}

// exit ends the shell that it stands in: the program, or the subshell, stage
// of a pipe, capture or script around it.
func exit(_ context.Context, s *scope, inv *invocation) error {
	args := inv.args()
	if len(args) == 0 {
		return &leave{how: "exit"}
	}
	n, err := strconv.ParseInt(args[0].Text, 10, 64)
	if err != nil {
		if err := s.fail(inv, statusMisuse, "exit: %s is no number", safe(args[0].Text)); err != nil {
			return err
		}
		return &leave{how: "exit"}
	}
	s.status = int(n & 0xff)
	return &leave{how: "exit"}
}

// leaveLoop is break and continue.
func leaveLoop(_ context.Context, s *scope, inv *invocation) error {
	levels, name := 1, inv.name()
	if args := inv.args(); len(args) > 0 {
		n, err := strconv.Atoi(args[0].Text)
		if err != nil || n < 1 {
			return s.fail(inv, statusMisuse, "%s: %s is no number of loops", name, safe(args[0].Text))
		}
		levels = n
	}
	if s.loops == 0 {
		return s.fail(inv, 0, "%s: there is no loop around it", name)
	}
	s.status = 0
	return &leave{how: name, levels: min(levels, s.loops)}
}

const shUsage = "sh runs a script written out in the line, and nothing else: sh -c '…'"

// runScript is sh -c. The script was parsed with the program; it starts with
// no variables, as a process of its own would.
func runScript(ctx context.Context, s *scope, inv *invocation) error {
	return s.script(ctx, inv, nil)
}

// script runs the script of sh -c, with swaps put into its literals.
func (s *scope) script(ctx context.Context, inv *invocation, swaps []replacement) error {
	if len(inv.fields) < 3 || inv.fields[2].script == nil {
		return s.fail(inv, statusMisuse, "%s", shUsage)
	}
	child, err := s.deeper()
	if err != nil {
		return err
	}
	child.parent, child.status, child.given = nil, 0, nil
	child.swaps = append(s.swaps[:len(s.swaps):len(s.swaps)], swaps...)
	defer child.close()
	err = child.contained(ctx, inv.fields[2].script.body, inv.streams)
	s.status = child.status
	return err
}
