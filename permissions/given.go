package permissions

import "slices"

// Given answers the patterns of keys or settings on which any role holds the
// right, whatever is denied elsewhere: "*" where one holds it on everything, and
// none where no role has it. What the owner of a server may do without a role
// does not count.
func (p *Policy) Given(right Right) []string {
	var patterns []string
	for _, r := range p.now().roles {
		for _, g := range r.allow {
			if g.right != right {
				continue
			}
			if g.on.all {
				return []string{"*"}
			}
			patterns = append(patterns, g.on.text)
		}
	}
	slices.Sort(patterns)
	return slices.Compact(patterns)
}
