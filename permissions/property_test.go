package permissions

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var (
	somePatterns = []string{"", "*", "a*", "ab", "?", "[ab]*", "*b"}
	someNames    = []string{"", "a", "ab", "b", "ba", "abc", "\xff"}
	someIDs      = []string{"1", "2", "3", "4"}
)

func drawEntries(t *rapid.T, label string) []string {
	entry := rapid.Custom(func(t *rapid.T) string {
		right := rapid.SampledFrom(AllRights()).Draw(t, "right")
		pattern := rapid.SampledFrom(somePatterns).Draw(t, "pattern")
		if pattern == "" || right.Subject() == "" {
			return string(right)
		}
		return string(right) + " " + pattern
	})
	return rapid.SliceOfN(entry, 0, 5).Draw(t, label)
}

func drawRole(t *rapid.T) Role {
	ids := rapid.SliceOfN(rapid.SampledFrom(someIDs), 0, 2)
	return Role{
		Discord:  ids.Draw(t, "discord"),
		Channels: ids.Draw(t, "channels"),
		Allow:    drawEntries(t, "allow"),
		Deny:     drawEntries(t, "deny"),
	}
}

func drawRoles(t *rapid.T) map[string]Role {
	roles := map[string]Role{}
	for i := range rapid.IntRange(0, 3).Draw(t, "count") {
		roles[fmt.Sprintf("r%d", i)] = drawRole(t)
	}
	return roles
}

func drawMember(t *rapid.T) Member {
	id := rapid.SampledFrom(append([]string{""}, someIDs...))
	return Member{
		ID: id.Draw(t, "id"), Guild: id.Draw(t, "guild"), Channel: id.Draw(t, "channel"), Parent: id.Draw(t, "parent"),
		Roles:         rapid.SliceOfN(rapid.SampledFrom(someIDs), 0, 3).Draw(t, "roles"),
		Owner:         rapid.Bool().Draw(t, "owner"),
		Administrator: rapid.Bool().Draw(t, "administrator"),
		Local:         rapid.IntRange(0, 5).Draw(t, "local") == 0,
		LocalRoles:    rapid.SliceOfN(rapid.SampledFrom([]string{"r0", "r1"}), 0, 1).Draw(t, "localroles"),
	}
}

func drawAction(t *rapid.T) Action {
	return Action{
		Right:   rapid.SampledFrom(append(AllRights(), "fly")).Draw(t, "right"),
		Keys:    rapid.SliceOfN(rapid.SampledFrom(someNames), 0, 3).Draw(t, "keys"),
		Setting: rapid.SampledFrom(someNames).Draw(t, "setting"),
	}
}

func clone(roles map[string]Role) map[string]Role {
	copied := map[string]Role{}
	for name, r := range roles {
		r.Allow, r.Deny = slices.Clone(r.Allow), slices.Clone(r.Deny)
		copied[name] = r
	}
	return copied
}

func TestDenialsNeverGrant(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		roles, m, a := drawRoles(t), drawMember(t), drawAction(t)
		if len(roles) == 0 {
			return
		}
		before := mustNew(t, roles).Check(m, a)
		more := clone(roles)
		name := rapid.SampledFrom(sortedKeys(more)).Draw(t, "denying")
		r := more[name]
		r.Deny = append(r.Deny, drawEntries(t, "more denials")...)
		more[name] = r
		if after := mustNew(t, more).Check(m, a); before != nil && after == nil {
			t.Fatalf("denied (%v) until %q denied more", before, name)
		}
	})
}

func TestARoleWithoutDenialsTakesNothingAway(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		roles, m, a := drawRoles(t), drawMember(t), drawAction(t)
		if len(roles) == 0 {
			return // the first role of all ends the reign of the administrators
		}
		before := mustNew(t, roles).Check(m, a)
		more := clone(roles)
		added := drawRole(t)
		added.Deny = nil
		more["added"] = added
		if after := mustNew(t, more).Check(m, a); before == nil && after != nil {
			t.Fatalf("allowed until a role was added: %v", after)
		}
	})
}

func TestADenialWinsWhateverTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		roles, a := drawRoles(t), drawAction(t)
		m := Member{ID: "1", Guild: "9", Owner: rapid.Bool().Draw(t, "owner"), Roles: []string{"1", "2", "3", "4"}}
		catch := Role{Discord: []string{"1"}, Deny: []string{string(a.Right)}}
		if !a.Right.Known() {
			return
		}
		for _, name := range []string{"a-first", "z-last"} {
			more := clone(roles)
			more[name] = catch
			if err := mustNew(t, more).Check(m, a); err == nil {
				t.Fatalf("allowed in spite of the denial in %s", name)
			}
		}
	})
}

func TestOrderDoesNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		roles, m, a := drawRoles(t), drawMember(t), drawAction(t)
		turned := clone(roles)
		for _, r := range turned {
			slices.Reverse(r.Allow)
			slices.Reverse(r.Deny)
		}
		reversed := m
		reversed.Roles = slices.Clone(m.Roles)
		slices.Reverse(reversed.Roles)
		one, other := mustNew(t, roles).Check(m, a), mustNew(t, turned).Check(reversed, a)
		if (one == nil) != (other == nil) {
			t.Fatalf("%v, and the other way round %v", one, other)
		}
	})
}

func TestTheZeroMemberMayNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, a := mustNew(t, drawRoles(t)), drawAction(t)
		if err := p.Check(Member{}, a); err == nil {
			t.Fatalf("may %v", a)
		}
		if p.Holds(Member{}, a.Right) || len(p.Rights(Member{})) > 0 {
			t.Fatal("holds a right")
		}
	})
}

// TestEveryQuestionGetsTheSameAnswer compares Check with Explain, Holds and
// Scope, and for an action that names keys with the rules, written down again.
func TestEveryQuestionGetsTheSameAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		roles, m, a := drawRoles(t), drawMember(t), drawAction(t)
		p := mustNew(t, roles)
		err := p.Check(m, a)
		if e := p.Explain(m, a); e.Allowed != (err == nil) {
			t.Fatalf("%v, but explained as\n%s", err, e)
		}
		if err == nil && !p.Holds(m, a.Right) {
			t.Fatal("may do it without holding the right")
		}
		if len(a.names()) == 0 || fit(roles, m, a) != nil {
			return
		}
		want := true
		for _, name := range a.names() {
			may := mayByTheRules(roles, m, a.Right, name)
			if scope := p.Scope(m, a.Right); scope.Allows(name) != may {
				t.Fatalf("%s on %q: by the rules %v, not by the scope %+v", a.Right, name, may, scope)
			}
			want = want && may
		}
		if (err == nil) != want {
			t.Fatalf("%v, but by the rules %v", err, want)
		}
	})
}

// fit answers the refusal of a question that the rules do not get to see.
func fit(roles map[string]Role, m Member, a Action) error {
	p, err := New(roles)
	if err != nil {
		return err
	}
	if why := p.unfit(m, a) + p.notServed(m); why != "" {
		return errors.New(why)
	}
	return nil
}

func mayByTheRules(roles map[string]Role, m Member, right Right, name string) bool {
	allowed := m.Owner || m.Local && len(m.LocalRoles) == 0 || m.Administrator && len(roles) == 0
	for roleName, r := range roles {
		if !speaksFor(roleName, r, m) {
			continue
		}
		if covers(r.Deny, right, name) {
			return false
		}
		allowed = allowed || covers(r.Allow, right, name)
	}
	return allowed
}

func speaksFor(name string, r Role, m Member) bool {
	if m.Local {
		return slices.Contains(m.LocalRoles, name)
	}
	inChannel := len(r.Channels) == 0 || slices.Contains(r.Channels, m.Channel) || slices.Contains(r.Channels, m.Parent)
	return inChannel && slices.ContainsFunc(append(m.Roles, m.Guild), func(id string) bool { return slices.Contains(r.Discord, id) })
}

func covers(entries []string, right Right, name string) bool {
	return slices.ContainsFunc(entries, func(entry string) bool {
		granted, pattern, narrowed := strings.Cut(entry, " ")
		g := compileGlob(pattern)
		return granted == string(right) && (!narrowed || g.match(name))
	})
}
