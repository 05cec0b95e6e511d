package permissions_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/helix-collective/helix/permissions"
)

func bindings(t *testing.T, texts ...string) []permissions.Binding {
	t.Helper()
	var all []permissions.Binding
	for _, text := range texts {
		b, err := permissions.ParseBinding(text)
		if err != nil || b.String() != text {
			t.Fatalf("%s: %v, %v", text, b, err)
		}
		all = append(all, b)
	}
	return all
}

func in(id string, roles ...string) permissions.Member {
	return permissions.Member{ID: id, Guild: "100000000000000001", Channel: "200000000000000001", Roles: roles}
}

func TestBindingsAddToTheConfiguration(t *testing.T) {
	t.Parallel()
	p, err := permissions.New(map[string]permissions.Role{
		"reader": {Discord: []string{"300000000000000001"}, Allow: []string{"read"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	administrator := in("900000000000000001")
	administrator.Administrator = true
	may := func(m permissions.Member, r permissions.Right) bool {
		return p.Check(m, permissions.Action{Right: r}) == nil
	}
	configured, bound, person := in("1", "300000000000000001"), in("2", "300000000000000002"), in("900000000000000003")
	if may(bound, permissions.Read) {
		t.Fatal("it may read before it is bound")
	}
	if err := p.Rebind(bindings(t, "reader:300000000000000002", "oncall:user:900000000000000003")); err != nil {
		t.Fatal(err)
	}
	for _, m := range []permissions.Member{configured, bound} {
		if !may(m, permissions.Read) || may(m, permissions.Write) {
			t.Errorf("%v may not what a reader may", m.Roles)
		}
	}
	if !may(person, permissions.Admin) || may(person, permissions.Mint) {
		t.Error("on call is not what its shape says")
	}
	if got := p.RolesOf(person); !slices.Equal(got, []string{"oncall"}) {
		t.Errorf("the person's roles are %v", got)
	}
	if got := p.Names(); !slices.Equal(got, []string{"oncall", "reader"}) {
		t.Errorf("the roles are %v", got)
	}
	if err := p.Rebind(nil); err != nil || may(bound, permissions.Read) || may(person, permissions.Read) || !may(configured, permissions.Read) {
		t.Errorf("without bindings it is not the configuration again: %v", err)
	}
	if may(administrator, permissions.Read) {
		t.Error("an administrator may although a role is configured")
	}
}

func TestABindingToNoRoleBindsNothing(t *testing.T) {
	t.Parallel()
	p, err := permissions.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	err = p.Rebind(bindings(t, "gone:300000000000000001", "support:300000000000000002"))
	if err == nil || !strings.Contains(err.Error(), `"gone"`) {
		t.Errorf("it answers %v", err)
	}
	if p.Holds(in("1", "300000000000000001"), permissions.Read) || !p.Holds(in("2", "300000000000000002"), permissions.Read) {
		t.Error("the one that is wrong holds, or the other does not")
	}
	if got := p.Bindable(); !slices.Equal(got, []string{"oncall", "support"}) {
		t.Errorf("bindable are %v", got)
	}
}

func TestConfiguredRolesTakeTheShapesPlace(t *testing.T) {
	t.Parallel()
	p, err := permissions.New(map[string]permissions.Role{"oncall": {Allow: []string{"read"}}})
	if err == nil {
		err = p.Rebind(bindings(t, "oncall:300000000000000002"))
	}
	if err != nil {
		t.Fatal(err)
	}
	if m := in("2", "300000000000000002"); !p.Holds(m, permissions.Read) || p.Holds(m, permissions.Admin) {
		t.Error("the shape stands in for the configured role")
	}
}

func TestWhatIsNoBinding(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "oncall", "oncall:", ":1", "oncall:x", "oncall:user:", "oncall:0x10", "oncall:user:user:300000000000000001"} {
		if b, err := permissions.ParseBinding(text); err == nil {
			t.Errorf("%q is read as %v", text, b)
		}
	}
}

// Rebinding while questions are decided never lets anybody in on the way.
func TestRebindingIsNotSeenHalfDone(t *testing.T) {
	t.Parallel()
	p, err := permissions.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	both := [][]permissions.Binding{bindings(t, "oncall:300000000000000001"), bindings(t, "support:300000000000000001")}
	stranger := in("5")
	stranger.Administrator = true // counts only where no role is there
	if err := p.Rebind(both[0]); err != nil {
		t.Fatal(err)
	}
	var rebinding sync.WaitGroup
	rebinding.Go(func() {
		for i := range 500 {
			if err := p.Rebind(both[i%2]); err != nil {
				t.Error(err)
			}
		}
	})
	for range 2000 {
		if p.Check(stranger, permissions.Action{Right: permissions.Read}) == nil {
			t.Error("an administrator slipped in")
			break
		}
	}
	rebinding.Wait()
}

func TestCheckOwner(t *testing.T) {
	t.Parallel()
	p, err := permissions.New(map[string]permissions.Role{"all": {Discord: []string{"300000000000000001"}, Allow: []string{"configure"}}})
	if err != nil {
		t.Fatal(err)
	}
	owner, elsewhere := in("1"), permissions.Member{ID: "1", Owner: true}
	owner.Owner = true
	for name, c := range map[string]struct {
		m      permissions.Member
		reason permissions.Reason
	}{
		"owner":               {owner, ""},
		"local":               {permissions.Member{Local: true}, ""},
		"local with a role":   {permissions.Member{Local: true, LocalRoles: []string{"all"}}, permissions.OwnerOnly},
		"with the right":      {in("2", "300000000000000001"), permissions.OwnerOnly},
		"in a direct message": {elsewhere, permissions.NotServed},
		"nobody":              {permissions.Member{}, permissions.Fault},
	} {
		var denied *permissions.Denied
		err := p.CheckOwner(c.m, "setup ops")
		if c.reason == "" && err != nil || c.reason != "" && (!errors.As(err, &denied) || denied.Reason != c.reason) {
			t.Errorf("%s: %v, want %q", name, err, c.reason)
		}
	}
}
