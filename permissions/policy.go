package permissions

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
)

// Policy decides. It never changes but by Rebind, and may be used from several
// goroutines.
//
// Where roles are configured, rights come from them; beyond them only the
// guild's owner holds everything, since they can give themselves any Discord
// role anyway. Discord's Administrator permission counts only while no role is
// configured: it is given to bots and helpers for other reasons. A denial in a
// role that applies wins over every allowance, the owner's own included, which
// makes it a safety catch; the configuration file takes it off.
type Policy struct {
	roles  []*role                 // by name
	byName map[string]*role        // never nil in a policy that New made
	serves func(guild string) bool // nil: every guild

	configured map[string]Role
	opts       []Option
	bound      atomic.Pointer[Policy] // takes the place of this one; nil: nothing is bound
}

// Option adds something to what New needs.
type Option func(*options)

type options struct {
	settings []string
	serves   func(guild string) bool
}

// KnownSettings makes New refuse a configure pattern that matches none of
// these settings, so that a misspelt one does not silently grant nothing, or
// deny nothing.
func KnownSettings(names []string) Option {
	return func(o *options) { o.settings = slices.Clone(names) }
}

// ServeOnly makes the policy deny everybody in guilds that serves refuses,
// their owners included. Without it, whoever asks the policy must have turned
// such guilds away before.
func ServeOnly(serves func(guild string) bool) Option {
	return func(o *options) { o.serves = serves }
}

// New reads the configured roles. It reports everything that is wrong with
// them at once, as a *ConfigError.
func New(roles map[string]Role, opts ...Option) (*Policy, error) {
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	p := &Policy{byName: map[string]*role{}, serves: o.serves, configured: maps.Clone(roles), opts: opts}
	var problems []Problem
	for _, name := range sortedKeys(roles) {
		parser := &parser{role: name, settings: o.settings}
		r := parser.parse(roles[name])
		p.roles = append(p.roles, r)
		p.byName[name] = r
		problems = append(problems, parser.problems...)
	}
	if len(problems) > 0 {
		return nil, &ConfigError{problems}
	}
	return p, nil
}

// Names lists the roles that there are.
func (p *Policy) Names() []string { return sortedKeys(p.now().byName) }

// CheckRoles reports the first of the names that is not a configured role, for
// helix exec --role.
func (p *Policy) CheckRoles(names ...string) error {
	p = p.now()
	for _, name := range names {
		if _, ok := p.byName[name]; ok {
			continue
		}
		if len(p.byName) == 0 {
			return fmt.Errorf("no role is called %q: none is configured", name)
		}
		if s := suggestion(name, p.Names(), ""); s != "" {
			return fmt.Errorf("no role is called %q%s", name, s)
		}
		return fmt.Errorf("no role is called %q; the roles are %s", name, strings.Join(p.Names(), ", "))
	}
	return nil
}

// Check reports whether m may do a: nil, or a *Denied.
//
// A right on keys is checked on each of a.Keys, and Configure on a.Setting. An
// action that names none touches everything as far as Check knows, and so
// needs the right on everything. Only Read without a key does not: it covers
// help, status and what lists keys, which shows no more than Scope allows.
func (p *Policy) Check(m Member, a Action) error {
	if d := p.decide(m, a).denied; d != nil {
		return d
	}
	return nil
}

// Preflight reports whether m holds the right at all, on whatever keys or
// settings: nil, or a *Denied that speaks of the command name. It comes before
// a program starts, when its keys are not known yet; Check follows for each
// call.
func (p *Policy) Preflight(m Member, r Right, name string) error {
	if d := p.decideOn(m, Action{Right: r, Name: name}, holding).denied; d != nil {
		return d
	}
	return nil
}

// Holds reports whether m holds the right at all; narrowed to patterns counts.
func (p *Policy) Holds(m Member, r Right) bool { return p.Preflight(m, r, "") == nil }

// Scope answers the keys, or for Configure the settings, on which m holds the
// right. After a fault it is empty.
func (p *Policy) Scope(m Member, r Right) Scope {
	return p.decideOn(m, Action{Right: r}, holding).scope
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
