// Package permissions decides what a member may do, and explains it. It
// denies unless a rule allows, and it never asks anybody: everything that it
// needs stands in the policy, the member and the action.
package permissions

// Right is one kind of thing that a grant allows.
type Right string

// The rights, from the harmless to the grave. None contains another, but for
// read, which includes help, status and listing.
const (
	Read      Right = "read"      // read-only commands
	Reveal    Right = "reveal"    // see values and whole ids unredacted
	Write     Right = "write"     // changes that keep data
	Destroy   Right = "destroy"   // changes that lose data
	Mint      Right = "mint"      // create or alter values under session:
	Admin     Right = "admin"     // server-level commands
	Configure Right = "configure" // live settings
	Alerts    Right = "alerts"    // acknowledge and silence
	Audit     Right = "audit"     // read the audit
	Approve   Right = "approve"   // confirm another person's plan
)

// Member is who asks, and from where. The zero Member may do nothing.
type Member struct {
	ID      string // Discord user id; empty for a local caller
	Name    string // for messages and records
	Guild   string
	Channel string
	Parent  string   // the channel that a thread hangs on; empty elsewhere
	Roles   []string // Discord role ids

	Owner         bool // of the guild
	Administrator bool // has Discord's Administrator permission

	// Local marks the person at the terminal, who holds the Redis URL already
	// and so may do everything, unless LocalRoles narrows that to exactly
	// these roles of the configuration (helix exec --role).
	Local      bool
	LocalRoles []string
}

// Action is one thing that a member wants to do.
type Action struct {
	Right   Right
	Name    string   // as the person knows it: "redis del", "config set"
	Keys    []string // Redis keys it touches, whole
	Setting string   // the setting it touches
}
