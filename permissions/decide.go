package permissions

import "fmt"

// standing is what a member has to stand on, before any right is asked for.
type standing struct {
	whole     string       // why the member needs no grant; "" if grants decide
	here      []membership // roles that apply
	elsewhere []membership // roles whose channels leave this one out
}

// membership is a role that the member has, and how they came to it.
type membership struct {
	role *role
	how  string
}

// decision is the answer to one question, with what led to it.
type decision struct {
	standing standing
	scope    Scope   // of the right, in force
	denied   *Denied // nil: allowed
}

// question says what is asked about a right.
type question int

const (
	doing   question = iota // may the member carry out this action?
	holding                 // do they hold the right on anything at all?
)

func (p *Policy) decide(m Member, a Action) decision { return p.decideOn(m, a, doing) }

// decideOn never panics: a fault on the way is a denial.
func (p *Policy) decideOn(m Member, a Action, q question) (d decision) {
	defer func() {
		if r := recover(); r != nil {
			d = decision{denied: fault(a, fmt.Sprintf("deciding failed: %v", r))}
		}
	}()
	p = p.now()
	if why := p.unfit(m, a); why != "" {
		return decision{denied: fault(a, why)}
	}
	if why := p.notServed(m); why != "" {
		return decision{denied: &Denied{Action: a, Reason: NotServed, because: why}}
	}
	d.standing = p.standing(m)
	d.scope = d.standing.scope(a.Right)
	if denied := d.judge(a, q); denied != nil {
		denied.Roles = p.rolesThatCould(m, a, q, denied.Reason)
		denied.unconfigured = len(p.roles) == 0
		d.denied = denied
	}
	return d
}

// unfit says what makes a question impossible to decide, or "".
func (p *Policy) unfit(m Member, a Action) string {
	discord := m.ID != "" || m.Guild != "" || len(m.Roles) > 0 || m.Owner || m.Administrator
	switch {
	case p == nil || p.byName == nil:
		return "no permissions were loaded"
	case !a.Right.Known():
		return fmt.Sprintf("the action asks for %q, which is not a right", string(a.Right))
	case m.Local && discord:
		return "the caller is said to be both local and from Discord"
	case !m.Local && len(m.LocalRoles) > 0:
		return "only a local caller can choose roles"
	case !m.Local && m.ID == "":
		return "it is not known who asks"
	}
	if err := p.CheckRoles(m.LocalRoles...); err != nil {
		return err.Error()
	}
	return ""
}

// notServed says why nobody may act where m asks, or "".
func (p *Policy) notServed(m Member) string {
	switch {
	case m.Local:
		return ""
	case m.Guild == "":
		return "Helix takes no commands in direct messages."
	case p.serves != nil && !p.serves(m.Guild):
		return "Helix does not serve this server."
	}
	return ""
}

// standing answers which roles m has and which of them apply here.
func (p *Policy) standing(m Member) standing {
	st := standing{whole: p.everyRight(m)}
	for _, r := range p.roles {
		how := r.heldBy(m)
		switch {
		case how == "":
		case r.inForce(m):
			st.here = append(st.here, membership{r, how})
		default:
			st.elsewhere = append(st.elsewhere, membership{r, how})
		}
	}
	return st
}

// everyRight says why m holds every right without a grant, or "".
func (p *Policy) everyRight(m Member) string {
	switch {
	case m.Local && len(m.LocalRoles) == 0:
		return "at the terminal with no role chosen"
	case m.Local:
		return ""
	case m.Owner:
		return "the owner of the server"
	case m.Administrator && len(p.roles) == 0:
		return "an administrator of the server, where no role is configured"
	}
	return ""
}

// scope gathers what the roles in force say about right.
func (st standing) scope(right Right) Scope {
	var s Scope
	if st.whole != "" {
		s = everything()
	}
	for _, h := range st.here {
		s.add(right, h.role)
	}
	return s.settled()
}

// judge answers the denial that follows, or nil.
func (d *decision) judge(a Action, q question) *Denied {
	if d.scope.None() {
		return d.withoutRight(a)
	}
	if q == holding {
		return nil
	}
	if a.needsWhole() && !d.scope.All() {
		return d.beyond(a, -1)
	}
	if i := d.scope.firstRefused(a.names()); i >= 0 {
		return d.beyond(a, i)
	}
	return nil
}

// withoutRight words the denial of a right that the member holds on nothing.
func (d *decision) withoutRight(a Action) *Denied {
	denied := &Denied{Action: a, Reason: NoRight, index: -1}
	allowed := func(s Scope) bool { return !s.None() }
	st := d.standing
	if r, g := st.denying(a.Right, func(deny glob) bool { return st.empties(a.Right, deny) }); r != nil {
		return denied.by(DeniedByRole, r, g)
	}
	if r := st.wouldElsewhere(a.Right, allowed); r != nil {
		return denied.by(OtherChannel, r, grant{})
	}
	if len(st.here)+len(st.elsewhere) == 0 {
		denied.Reason = NoRole
	}
	return denied
}

// beyond words the denial of a right that the member holds, but not on the
// name with this index, or for -1 not on everything.
func (d *decision) beyond(a Action, index int) *Denied {
	denied := &Denied{Action: a, Reason: OutsidePatterns, index: index, whole: index < 0, only: d.scope.Only()}
	covers := func(s Scope) bool { return s.All() }
	blocks := func(glob) bool { return true }
	if index >= 0 {
		name := a.names()[index]
		denied.name = d.standing.visible(a, name)
		covers = func(s Scope) bool { return s.Allows(name) }
		blocks = func(g glob) bool { return g.match(name) }
	}
	if r, g := d.standing.denying(a.Right, blocks); r != nil {
		return denied.by(DeniedByRole, r, g)
	}
	if r := d.standing.wouldElsewhere(a.Right, covers); r != nil {
		return denied.by(OtherChannel, r, grant{})
	}
	return denied
}

// denying finds the first denial of right in force that blocks.
func (st standing) denying(right Right, blocks func(glob) bool) (*role, grant) {
	for _, h := range st.here {
		for _, g := range h.role.deny {
			if g.right == right && blocks(g.on) {
				return h.role, g
			}
		}
	}
	return nil, grant{}
}

// empties reports whether deny takes away something that would be held.
func (st standing) empties(right Right, deny glob) bool {
	if deny.all {
		return true
	}
	for _, h := range st.here {
		for _, g := range h.role.allow {
			if g.right == right && deny.covers(&g.on) {
				return true
			}
		}
	}
	return false
}

// wouldElsewhere finds the first role that would suffice in its own channels.
func (st standing) wouldElsewhere(right Right, suffices func(Scope) bool) *role {
	for _, h := range st.elsewhere {
		if suffices(h.role.scope(right)) {
			return h.role
		}
	}
	return nil
}

// visible answers the name as the member may read it: settings always, keys
// only if they may read them and see them whole, "" otherwise. A key can come
// out of a program, so that its author need not know it.
func (st standing) visible(a Action, name string) string {
	if a.Right.Subject() == "setting" {
		return name
	}
	if st.scope(Read).Allows(name) && st.scope(Reveal).Allows(name) {
		return name
	}
	return ""
}

// rolesThatCould names the roles that allow a by themselves where m asks.
// Against a denial none helps.
func (p *Policy) rolesThatCould(m Member, a Action, q question, reason Reason) []string {
	if reason == DeniedByRole {
		return nil
	}
	var names []string
	for _, r := range p.roles {
		d := decision{scope: r.scope(a.Right)}
		if r.inForce(m) && d.judge(a, q) == nil {
			names = append(names, r.name)
		}
	}
	return names
}
