package permissions

import "slices"

// Scope is the part of the keys, or of the settings, on which a member holds
// one right. The zero Scope is empty. A Scope never changes and may be used
// from several goroutines.
type Scope struct {
	whole       bool // some allowance is not narrowed
	nothing     bool // some denial is not narrowed
	allow, deny []glob
}

// everything is the scope of whoever needs no grant.
func everything() Scope { return Scope{whole: true} }

// None reports whether the member surely holds the right on nothing.
func (s Scope) None() bool { return !s.whole && len(s.allow) == 0 }

// All reports whether the member holds the right on everything, so that no
// name need be asked for.
func (s Scope) All() bool { return s.whole && len(s.deny) == 0 }

// Allows reports whether the member holds the right on the key or setting of
// this name. It allocates nothing, and may be asked for each of a million keys.
func (s Scope) Allows(name string) bool {
	if !s.whole && !matchAny(s.allow, name) {
		return false
	}
	return !matchAny(s.deny, name)
}

// firstRefused answers the index of the first name that a denial covers, or
// else of the first that no allowance covers, or -1. Denials come first since
// no further role would help against them.
func (s Scope) firstRefused(names []string) int {
	first := -1
	for i, name := range names {
		switch {
		case s.Allows(name):
		case matchAny(s.deny, name):
			return i
		case first < 0:
			first = i
		}
	}
	return first
}

// Only lists the patterns to which the right is narrowed; none where it is not.
func (s Scope) Only() []string {
	if s.whole {
		return nil
	}
	return texts(s.allow)
}

// Except lists the patterns on which the right is denied.
func (s Scope) Except() []string { return texts(s.deny) }

func matchAny(globs []glob, name string) bool {
	for i := range globs {
		if globs[i].match(name) {
			return true
		}
	}
	return false
}

func texts(globs []glob) []string {
	var list []string
	for _, g := range globs {
		if !slices.Contains(list, g.text) {
			list = append(list, g.text)
		}
	}
	slices.Sort(list)
	return list
}

// add takes in what r allows and denies of right.
func (s *Scope) add(right Right, r *role) {
	for _, g := range r.allow {
		if g.right != right {
			continue
		}
		if g.on.all {
			s.whole = true
		} else {
			s.allow = append(s.allow, g.on)
		}
	}
	for _, g := range r.deny {
		if g.right != right {
			continue
		}
		if g.on.all {
			s.nothing = true
		} else {
			s.deny = append(s.deny, g.on)
		}
	}
}

// settled answers the scope without the allowances that a denial takes away
// altogether.
func (s Scope) settled() Scope {
	if s.nothing {
		return Scope{}
	}
	s.allow = slices.DeleteFunc(s.allow, func(a glob) bool {
		return slices.ContainsFunc(s.deny, func(d glob) bool { return d.covers(&a) })
	})
	return s
}
