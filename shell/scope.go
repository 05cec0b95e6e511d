package shell

import (
	"context"
	"strings"
)

// machine is what all parts of one running program share.
type machine struct {
	lookup func(name string) (Command, bool)
	budget *Budget
	ahead  *Budget // for what loops look ahead
	null   *Writer
	stop   context.CancelCauseFunc // ends the whole program
}

// scope is one shell environment. A subshell has its own over its parent's,
// which rests meanwhile.
type scope struct {
	*machine
	parent *scope
	vars   map[string]holding
	status int           // $?
	loops  int           // that break and continue may leave
	depth  int           // subshells, captures and sh -c around this one
	swaps  []replacement // what xargs -I puts into this scope's literals
	given  []field       // what the alias around this one was called with
}

// holding is a variable and what it was charged for.
type holding struct {
	value value
	held  int64
}

// replacement is one item of xargs -I.
type replacement struct {
	mark string // as in {}
	item value
}

// subshell returns a scope that sees s's variables but does not change them.
func (s *scope) subshell() *scope {
	return &scope{machine: s.machine, parent: s, status: s.status, depth: s.depth, swaps: s.swaps, given: s.given}
}

// scratch returns a subshell for looking ahead, whose charges are not the
// program's.
func (s *scope) scratch() *scope {
	child := s.subshell()
	m := *s.machine
	m.budget = s.ahead
	child.machine = &m
	return child
}

// deeper returns a subshell that counts as one more level of nesting.
func (s *scope) deeper() (*scope, error) {
	child := s.subshell()
	child.depth++
	if most := s.budget.limits.Depth; child.depth > most {
		return nil, &LimitError{Limit: "nesting", Max: int64(most), Unit: "levels of $(…), ( … ) and sh -c"}
	}
	return child, nil
}

// close gives back what the scope's variables were charged for.
func (s *scope) close() {
	for _, h := range s.vars {
		s.budget.Release(h.held)
	}
	s.vars = nil
}

// get answers a variable; one that was never set is empty.
func (s *scope) get(name string) value {
	for at := s; at != nil; at = at.parent {
		if h, ok := at.vars[name]; ok {
			return h.value
		}
	}
	return nil
}

func (s *scope) set(name string, v value) error {
	if most := s.budget.limits.Variable; v.length() > most {
		return &LimitError{Limit: "the variable " + name, Max: most, Unit: "bytes"}
	}
	if s.vars == nil {
		s.vars = make(map[string]holding)
	}
	h := holding{value: v, held: v.bytes() + int64(len(name)) + partBytes}
	before := s.vars[name].held
	s.vars[name] = h
	s.budget.Release(before)
	return s.budget.Hold("what variables hold", h.held)
}

// swap puts the items of xargs -I into literal text. What an item holds is
// not looked at again. A short text can ask for a long item many times, so
// each is charged for before it is put in.
func swap(text string, swaps []replacement, charge func(n int64) error) (value, error) {
	if len(swaps) == 0 {
		return plain(text), nil
	}
	first, rest := swaps[0], swaps[1:]
	var out value
	for {
		before, after, found := strings.Cut(text, first.mark)
		between, err := swap(before, rest, charge)
		if err != nil {
			return nil, err
		}
		out = append(out, between...)
		if !found {
			return out, nil
		}
		if err := charge(first.item.bytes() + partBytes); err != nil {
			return nil, err
		}
		out = append(out, first.item...)
		text = after
	}
}
