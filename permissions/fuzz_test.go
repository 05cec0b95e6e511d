package permissions

import (
	"strings"
	"testing"
)

// FuzzRole holds that any role is read or refused, and that one gives nothing to
// who does not have it.
func FuzzRole(f *testing.F) {
	f.Add("oncall", "1111111111\nuser:2222222222", "4444444444", "read\ndestroy session:user:*", "destroy session:user:root@*")
	f.Add("x", "1", "", "configure redis.session_*\nread  a b", "all")
	f.Add("", "user:", "#ops", "* [", "read \\")
	f.Fuzz(func(t *testing.T, name, discord, channels, allow, deny string) {
		role := Role{Discord: strings.Split(discord, "\n"), Allow: strings.Split(allow, "\n"), Deny: strings.Split(deny, "\n")}
		if channels != "" {
			role.Channels = strings.Split(channels, "\n")
		}
		policy, err := New(map[string]Role{name: role}, KnownSettings([]string{"redis.session_ttl"}))
		if err != nil {
			return
		}
		stranger := Member{ID: "9999999999999999999", Guild: "1", Channel: "2", Roles: []string{"8888888888888888888"}}
		for _, right := range []Right{Read, Destroy, Admin, Configure} {
			if policy.Check(stranger, Action{Right: right, Keys: []string{"session:x"}, Setting: "redis.session_ttl"}) == nil && !strings.Contains(discord, stranger.ID) && !strings.Contains(discord, stranger.Roles[0]) {
				t.Errorf("role %+v lets a stranger %v", role, right)
			}
		}
	})
}

// FuzzGlob holds that a name whose special signs are escaped is matched by its
// pattern and that no other is, and that what a pattern covers it matches.
func FuzzGlob(f *testing.F) {
	f.Add("session:*", "session:user:a", "session:user:*")
	f.Add("[^a-c]?\\", "d\\", "[d]?")
	f.Add("[", "[]]", "**")
	f.Fuzz(func(t *testing.T, pattern, name, narrow string) {
		if len(pattern) > maxPattern || len(narrow) > maxPattern || len(name) > 4*maxPattern {
			return
		}
		literal := compileGlob(strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(name))
		if name != "" && (!literal.match(name) || literal.match(name+"x")) {
			t.Errorf("%q is not matched by itself alone", name)
		}
		wide, n := compileGlob(pattern), compileGlob(narrow)
		if wide.covers(&n) && n.match(name) && !wide.match(name) {
			t.Errorf("%q covers %q but does not match its %q", pattern, narrow, name)
		}
	})
}

// FuzzBinding holds that a binding prints as what it was read from.
func FuzzBinding(f *testing.F) {
	f.Add("oncall:1111111111")
	f.Add("a:user:2222222222")
	f.Add("::")
	f.Fuzz(func(t *testing.T, text string) {
		if b, err := ParseBinding(text); err == nil && b.String() != text {
			t.Errorf("%q prints as %q", text, b)
		}
	})
}
