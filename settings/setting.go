// Package settings declares every setting once and holds the values in force.
//
// The table (see Table) is the only place where a setting, its default and its
// range are written; config.yaml and the README's table are generated from it.
// Load puts together what a process starts with: defaults, profile, file,
// environment, flags. Open adds the live values that all instances share
// through Redis. Readers take a Snapshot, which never changes, so that a piece
// of work sees one policy from its start to its end.
//
// The package never prints a secret: not in errors, lists, exports or history.
package settings

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Kind is what sort of value a setting takes.
type Kind string

// The kinds.
const (
	Duration Kind = "duration" // whole seconds
	Integer  Kind = "integer"
	Percent  Kind = "percent"
	Bytes    Kind = "bytes"
	Boolean  Kind = "boolean"
	Text     Kind = "text"
	Enum     Kind = "enum" // one of Allowed
	List     Kind = "list" // texts, separated by commas
)

// The profiles. A profile is a set of values for the settings that take part
// in it (those with a Development value).
const (
	Production  = "production"
	Development = "development"
)

// Setting is one row of the table.
type Setting struct {
	Key     string
	Kind    Kind
	Default string // canonical, as String of its Value prints it

	// Development is the value in the development profile. It is empty where
	// the setting takes no part in profiles, so that switching the profile
	// leaves it alone.
	Development string

	// Min and Max bound numbers: seconds, bytes, per cent or a count.
	Min, Max int64
	Allowed  []string // of an Enum
	Unit     string   // what an Integer counts, as in "sessions a minute"

	Help   string
	Secret bool
	Live   bool   // may change while Helix runs
	Setup  bool   // may too, but only by SetUp: the guild's owner decides
	Env    string // a variable that works besides EnvName; may be empty

	check func(text string) error // refuses texts that the kind alone would accept
}

// EnvName answers the variable that sets it: HELIX_REDIS_SESSION_TTL.
func (s Setting) EnvName() string {
	return "HELIX_" + strings.ToUpper(strings.ReplaceAll(s.Key, ".", "_"))
}

// envNames answers the variables that set it, the first that is set wins.
func (s Setting) envNames() []string {
	if s.Env == "" {
		return []string{s.EnvName()}
	}
	return []string{s.EnvName(), s.Env}
}

// Profiled says whether switching the profile sets it.
func (s Setting) Profiled() bool { return s.Development != "" }

// For answers its value in a profile.
func (s Setting) For(profile string) string {
	if profile == Development && s.Profiled() {
		return s.Development
	}
	return s.Default
}

// Range says in words which values it takes: "from 1s to 365d", "strict, lax
// or none". It is empty where any value of the kind will do.
func (s Setting) Range() string {
	switch {
	case s.Kind == Enum:
		return orList(s.Allowed)
	case s.Kind == Boolean:
		return "true or false"
	case s.Kind == Text || s.Kind == List:
		return ""
	}
	return "from " + s.humanNumber(s.Min) + " to " + s.humanNumber(s.Max)
}

func (s Setting) humanNumber(n int64) string {
	return Value{kind: s.Kind, number: n}.Human()
}

// Lookup finds a setting by its key; case and surrounding space do not matter.
// The error is an *UnknownError.
func Lookup(key string) (Setting, error) {
	s, ok := index()[strings.ToLower(strings.TrimSpace(key))]
	if !ok {
		return Setting{}, &UnknownError{Key: key, Suggestions: similarKeys(key)}
	}
	return s, nil
}

// index finds rows by key. It is built once and never changed.
var index = sync.OnceValue(func() map[string]Setting {
	rows := make(map[string]Setting)
	for _, s := range Table() {
		rows[s.Key] = s
	}
	return rows
})

// changeable reports whether it may have a live value.
func (s Setting) changeable() bool { return s.Live || s.Setup }

// keysOf answers the keys of the settings that are meant, in the table's order.
func keysOf(meant func(Setting) bool) []string {
	var keys []string
	for _, s := range Table() {
		if meant(s) {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// orList writes "a", "a or b", "a, b or c".
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return fmt.Sprintf("%s or %s", strings.Join(words[:last], ", "), words[last])
}

// sections answers the first parts of all keys, in the table's order.
func sections() []string {
	var names []string
	for _, s := range Table() {
		if name, _, dotted := strings.Cut(s.Key, "."); dotted && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}
