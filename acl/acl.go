// Package acl knows which rights on a Redis server each feature of Helix needs,
// and writes them as a Redis user: for ACL SETUSER, or as a line of users.acl.
// It asks no server, and it never sees a password.
package acl

import (
	"fmt"
	"slices"
	"strings"
)

// Name names a feature.
type Name string

// The features.
const (
	Base      Name = "base"
	Sessions  Name = "sessions"
	Read      Name = "read"
	Write     Name = "write"
	Undo      Name = "undo"
	Flush     Name = "flush"
	Config    Name = "config"
	Admin     Name = "admin"
	Monitor   Name = "monitor"
	Subscribe Name = "subscribe"
	Alerts    Name = "alerts"
	Cluster   Name = "cluster"
	Sentinel  Name = "sentinel" // on the Sentinels, not on the servers that they watch
)

// Feature is a part of Helix that works if its grants are given, and says what
// is missing if they are not.
type Feature struct {
	Name   Name
	Does   string // what needs it, as in "it is needed for …"
	Grants []Grant
}

// Grant is a group of commands that a feature needs for one reason.
type Grant struct {
	// Commands are words of Redis's ACL without their sign: "get", "config|get",
	// "@read"; one that begins with "-" takes away from those before it.
	Commands string
	On       Place
	Channels string // patterns, separated by spaces
	Why      string
}

// Place says which keys a grant's commands are for.
type Place int

// The places.
const (
	Keyless     Place = iota // the commands name no key
	OwnKeys                  // what Helix keeps: {helix}:* and helix:*
	SessionKeys              // session:*, together with Helix's own
	ReadKeys                 // what people may read
	ChangedKeys              // what people may change, together with Helix's own
)

// Find answers the features of these names, "all" being every one but Sentinel,
// in the order of the table. Base is always among them.
func Find(names []string) ([]Name, error) {
	wanted := []Name{Base}
	for _, name := range names {
		switch {
		case name == "all":
			wanted = append(wanted, All()...)
		case known(Name(name)):
			wanted = append(wanted, Name(name))
		default:
			return nil, unknown(name)
		}
	}
	return inOrder(wanted), nil
}

// All answers every feature that is for the servers that hold keys.
func All() []Name {
	var names []Name
	for _, f := range Features() {
		if f.Name != Sentinel {
			names = append(names, f.Name)
		}
	}
	return names
}

func known(name Name) bool {
	return slices.ContainsFunc(Features(), func(f Feature) bool { return f.Name == name && name != Sentinel })
}

func unknown(name string) error {
	var names []string
	for _, n := range All() {
		names = append(names, string(n))
	}
	return fmt.Errorf("%q is not a feature; there are all, %s", name, strings.Join(names, ", "))
}

func inOrder(wanted []Name) []Name {
	var names []Name
	for _, f := range Features() {
		if slices.Contains(wanted, f.Name) {
			names = append(names, f.Name)
		}
	}
	return names
}
