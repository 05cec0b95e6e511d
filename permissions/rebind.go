package permissions

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Binding gives a role to those who have a Discord role, or to a person.
type Binding struct {
	Role    string // of the configuration, or one of Shapes
	Discord string // as in Role.Discord: an id, or user:ID
}

// ParseBinding reads NAME:ID or NAME:user:ID.
func ParseBinding(text string) (Binding, error) {
	name, id, _ := strings.Cut(text, ":")
	if name == "" || !isSnowflake(strings.TrimPrefix(id, "user:")) {
		return Binding{}, fmt.Errorf("%q is not a role and an id, as in oncall:1111111111", text)
	}
	return Binding{name, id}, nil
}

// String is what ParseBinding reads.
func (b Binding) String() string { return b.Role + ":" + b.Discord }

// Shapes are roles that need no configuration: they are there as soon as a
// binding names them. A configured role of the same name takes their place.
func Shapes() map[string]Role {
	return map[string]Role{
		"oncall": {Allow: []string{"read", "reveal", "write", "destroy", "configure", "admin", "alerts"}},
		"support": {
			Allow: []string{"read", "destroy session:user:*", "configure redis.session_*"},
			Deny:  []string{"destroy session:user:root@*"},
		},
	}
}

// Bindable names the roles that a binding may give: the configured ones and
// Shapes.
func (p *Policy) Bindable() []string {
	names := maps.Clone(Shapes())
	maps.Copy(names, p.configured)
	return sortedKeys(names)
}

// Holders lists who has a role: ids of Discord roles, then people as user:ID.
func (p *Policy) Holders(name string) []string {
	r, ok := p.now().byName[name]
	if !ok {
		return nil
	}
	list := sortedKeys(r.discord)
	for _, id := range sortedKeys(r.people) {
		list = append(list, "user:"+id)
	}
	return list
}

// Rebind has these bindings, and no others, add to those of the configuration,
// from now on: a question that is being decided is not touched. One that names no
// role binds nothing, and the error says so; the others hold all the same.
func (p *Policy) Rebind(bindings []Binding) error {
	roles := maps.Clone(p.configured)
	if roles == nil {
		roles = make(map[string]Role)
	}
	var errs []error
	for _, b := range bindings {
		role, ok := roles[b.Role]
		if !ok {
			role, ok = Shapes()[b.Role]
		}
		if !ok {
			errs = append(errs, fmt.Errorf("no role is called %q, so it is given to nobody", b.Role))
			continue
		}
		role.Discord = append(slices.Clone(role.Discord), b.Discord)
		roles[b.Role] = role
	}
	next, err := New(roles, p.opts...)
	p.bound.Store(next) // nil after a fault: nothing is bound then
	return errors.Join(append(errs, err)...)
}

// now answers the policy in force: what was bound last, or the configured one.
func (p *Policy) now() *Policy {
	if p == nil {
		return nil
	}
	if bound := p.bound.Load(); bound != nil {
		return bound
	}
	return p
}
