package permissions

// Holding is one right that a member holds, and on what.
type Holding struct {
	Right  Right
	Only   []string // the patterns that narrow it; none: held on everything
	Except []string // the patterns that are denied
}

// String is as in "destroy on `session:user:*` but not on `session:user:root@*`".
func (h Holding) String() string { return string(h.Right) + words(h.Only, h.Except) }

// Rights lists the rights that m holds where they are, in the order of
// AllRights. After a fault there are none.
func (p *Policy) Rights(m Member) []Holding {
	var list []Holding
	for _, r := range AllRights() {
		if s := p.Scope(m, r); !s.None() {
			list = append(list, Holding{Right: r, Only: s.Only(), Except: s.Except()})
		}
	}
	return list
}

// RolesOf names the roles that apply to m where they are. Who holds every right
// without a role has that said in words: "the owner of the server".
func (p *Policy) RolesOf(m Member) []string {
	p = p.now()
	if p.unfit(m, Action{Right: Read}) != "" {
		return nil
	}
	st := p.standing(m)
	var names []string
	if st.whole != "" {
		names = append(names, st.whole)
	}
	for _, h := range st.here {
		names = append(names, h.role.name)
	}
	return names
}

// words says what a scope is narrowed to, or "" if it is not.
func (s Scope) words() string { return words(s.Only(), s.Except()) }

func words(only, except []string) string {
	text := ""
	if len(only) > 0 {
		text = " on " + listed(only)
	}
	if len(except) > 0 {
		text += " but not on " + listed(except)
	}
	return text
}
