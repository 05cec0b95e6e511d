package guard

import (
	"strings"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
)

// TestFormsOfParametersAreTheServers holds each form against what a server says
// of the same values. What a later server may take is not refused beforehand; an
// empty size, which a server reads as 0, and one that no memory has, are.
func TestFormsOfParametersAreTheServers(t *testing.T) {
	c := redistest.Standalone(t, "--appendonly", "no").Client()
	ctx := t.Context()
	values := []string{
		"", "banana", "-1", "-2", "0", "1", "5", "11", "64", "101", "3.5", "1e3", " 1", "99999999999", "99999999999999999999", "2gb", "2GB", "1kb ", "1tb", "50%", "150%", "x%",
		"yes", "NO", "maybe", "noeviction", "ALLKEYS-LRU", "allkeys_lru", "foo", "always", "everysec", "debug", "notice", "3600 1", "3600 1 300", "0 1", "60 -1", "60 0", "KEA", "Kx$", "K E",
	}
	stricter := map[string]bool{"": true, "99999999999999999999": true}
	later := map[string]bool{"maxmemory-samples 101": true, "maxmemory-samples 99999999999": true}
	for _, name := range settable() {
		was, err := c.ConfigGet(ctx, name).Result()
		if err != nil {
			t.Fatal(err)
		}
		if _, known := was[name]; !known {
			continue // of another server
		}
		f, known := formOf(name)
		if !known {
			t.Errorf("%s has no form", name)
			continue
		}
		for _, value := range values {
			if name == "timeout" && value == "1" || name == "maxclients" && len(value) < 3 {
				continue // it would end our own connection
			}
			refusal := c.ConfigSet(ctx, name, value).Err()
			if fits := f.fits(value); fits != (refusal == nil) && !later[name+" "+value] && (fits || !stricter[value]) && !passable(refusal) {
				t.Errorf("%s %q: it fits: %t, and the server says %v", name, value, fits, refusal)
			}
			if err := c.ConfigSet(ctx, name, was[name]).Err(); err != nil {
				t.Fatal(name, err)
			}
		}
	}
}

// passable reports whether a server refuses for a reason beside a value's form.
func passable(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "Active defragmentation cannot be enabled") || strings.Contains(err.Error(), "event class"))
}
