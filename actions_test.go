package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const someActions = `
actions:
  restart-redis:
    line: "railway service restart redis"
    url: "https://127.0.0.1:1/graphql"
    headers: { Authorization: "Bearer ${RAILWAY_TOKEN}" }
`

// TestActionsOfTheConfiguration holds that actions are read at start, and that a
// mistake in them is said there and by helix check.
func TestActionsOfTheConfiguration(t *testing.T) {
	const token = "tok-planted-5e0f1c"
	for _, c := range []struct {
		name, actions string
		env           []string
		status        int
		says          string
	}{
		{"in order", someActions, []string{"RAILWAY_TOKEN=" + token}, 4, "Plan: POST https://127.0.0.1:1/graphql"},
		{"without its variable", someActions, nil, exitFailure, "actions.restart-redis.headers.Authorization: the variable RAILWAY_TOKEN is not set (nor RAILWAY_TOKEN_FILE)"},
		{"with a line of Helix's own", strings.ReplaceAll(someActions, "railway service", "config service"), []string{"RAILWAY_TOKEN=" + token}, exitFailure, `"config" means something to Helix already`},
		{"none", "", nil, exitUsage, "docs/actions.md"},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(c.actions), 0o600); err != nil {
			t.Fatal(err)
		}
		got := runHelixIn(t, dir, c.env, "", "exec", "--demo", "!railway service restart redis")
		if got.status != c.status || !strings.Contains(got.stderr, c.says) || strings.Contains(got.stdout+got.stderr, token) {
			t.Errorf("%s: %d %s%s", c.name, got.status, got.stdout, got.stderr)
		}
		checked := runHelixIn(t, dir, c.env, "", "check")
		if broken := c.status == exitFailure; strings.Contains(strings.Join(strings.Fields(checked.stdout), " "), c.says) != broken || strings.Contains(checked.stdout+checked.stderr, token) {
			t.Errorf("%s: check says %s%s", c.name, checked.stdout, checked.stderr)
		}
	}
}
