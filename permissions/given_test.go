package permissions

import (
	"slices"
	"testing"
)

func TestWhatAnyRoleIsGiven(t *testing.T) {
	p, err := New(map[string]Role{
		"support": {Discord: []string{"100000000000000001"}, Allow: []string{"read session:*", "destroy session:user:*"}, Deny: []string{"destroy session:user:root@*"}},
		"shop":    {Discord: []string{"100000000000000002"}, Allow: []string{"read cart:*", "read session:*", "write"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for right, want := range map[Right][]string{Read: {"cart:*", "session:*"}, Destroy: {"session:user:*"}, Write: {"*"}, Admin: nil} {
		if got := p.Given(right); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", right, got, want)
		}
	}
}
