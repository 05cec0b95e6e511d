package commands

import (
	"testing"

	"github.com/helix-collective/helix/alerts"
)

// Each of Helix's own rules has an entry of its own, and there is none of a rule
// that is no more.
func TestCuresAreThoseOfTheRules(t *testing.T) {
	known := make(map[string]bool)
	for _, r := range alerts.Rules() {
		known[r.Name] = true
		if cures[r.Name].advice == "" {
			t.Errorf("%s has no cure", r.Name)
		}
	}
	for name := range cures {
		if !known[name] {
			t.Errorf("there is a cure for %s, which is no rule", name)
		}
	}
}
