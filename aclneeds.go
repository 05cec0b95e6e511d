package main

import (
	"slices"

	"github.com/helix-collective/helix/acl"
	"github.com/helix-collective/helix/dial"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/settings"
)

// neededBy answers what a configuration makes use of. Without roles the owner of
// the server may do everything, and so must the user.
func neededBy(base *settings.Base, policy *permissions.Policy, target dial.Target) acl.Needs {
	names := []string{string(acl.Sessions), string(acl.Alerts)}
	if target.Cluster {
		names = append(names, string(acl.Cluster))
	}
	needs := acl.Needs{}
	if len(base.Roles()) == 0 {
		for _, name := range acl.All() {
			if name != acl.Cluster {
				names = append(names, string(name))
			}
		}
	} else {
		needs.Read = given(policy, permissions.Read, permissions.Reveal)
		needs.Change = given(policy, permissions.Write, permissions.Destroy, permissions.Mint)
		names = append(names, usedBy(needs, policy)...)
	}
	needs.Features, _ = acl.Find(names) // each is one of its own
	return needs
}

// usedBy names the features that the roles' rights make use of.
func usedBy(needs acl.Needs, policy *permissions.Policy) []string {
	admin := len(policy.Given(permissions.Admin)) > 0
	changes, everything := len(needs.Change) > 0, slices.Contains(policy.Given(permissions.Read), "*")
	var names []string
	for name, used := range map[acl.Name]bool{
		acl.Read:      len(needs.Read) > 0,
		acl.Write:     changes,
		acl.Undo:      changes,
		acl.Flush:     admin && slices.Contains(policy.Given(permissions.Destroy), "*"),
		acl.Config:    admin,
		acl.Admin:     admin,
		acl.Monitor:   admin && everything,
		acl.Subscribe: everything,
	} {
		if used {
			names = append(names, string(name))
		}
	}
	return names
}

// given answers the patterns of several rights together.
func given(policy *permissions.Policy, rights ...permissions.Right) []string {
	var patterns []string
	for _, right := range rights {
		patterns = append(patterns, policy.Given(right)...)
	}
	if slices.Contains(patterns, "*") {
		return []string{"*"}
	}
	slices.Sort(patterns)
	return slices.Compact(patterns)
}
