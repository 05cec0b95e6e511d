package permissions

// CheckOwner reports whether m is the owner of the guild, or a local caller who
// has chosen no role: nil, or a *Denied. It is for what nobody else may do,
// whatever right they hold; name is the command's.
func (p *Policy) CheckOwner(m Member, name string) error {
	p = p.now()
	a := Action{Right: Configure, Name: name}
	if why := p.unfit(m, a); why != "" {
		return fault(a, why)
	}
	if why := p.notServed(m); why != "" {
		return &Denied{Action: a, Reason: NotServed, because: why}
	}
	if m.Owner || m.Local && len(m.LocalRoles) == 0 {
		return nil
	}
	return &Denied{Action: a, Reason: OwnerOnly}
}
