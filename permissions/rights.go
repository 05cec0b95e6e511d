package permissions

import "slices"

// AllRights lists every right, from the harmless to the grave.
func AllRights() []Right {
	return []Right{Read, Reveal, Write, Destroy, Mint, Configure, Alerts, Audit, Approve, Admin}
}

// Known reports whether r is one of the rights.
func (r Right) Known() bool { return slices.Contains(AllRights(), r) }

// Subject is what a grant of r can be narrowed to: "key", "setting", or
// nothing ("") for a right that is held whole or not at all.
func (r Right) Subject() string {
	switch r {
	case Read, Reveal, Write, Destroy, Mint:
		return "key"
	case Configure:
		return "setting"
	default:
		return ""
	}
}

// names answers what of a its right is checked against, name by name.
func (a Action) names() []string {
	switch a.Right.Subject() {
	case "key":
		return a.Keys
	case "setting":
		if a.Setting != "" {
			return []string{a.Setting}
		}
	}
	return nil
}

// needsWhole reports whether a, which names nothing, touches everything that
// its right could be narrowed to: flushdb does, and so does a configure
// without a setting. Reading without a key does not (help, status, dbsize);
// what lists keys filters them by Scope.
func (a Action) needsWhole() bool {
	return a.Right.Subject() != "" && a.Right != Read && len(a.names()) == 0
}
