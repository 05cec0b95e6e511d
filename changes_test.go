package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
)

func TestCheckTellsWhereUndoIsKept(t *testing.T) {
	server := redistest.Standalone(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for _, c := range []struct {
		name   string
		env    []string
		status int
		says   string
	}{
		{"at a terminal", nil, 0, ""},
		{"nowhere", []string{"DISCORD_TOKEN=x", "HELIX_DISCORD_API_URL=http://127.0.0.1:1/api/v10"}, 1, "No state.dir is set"},
		{"kept", []string{"HELIX_STATE_DIR=" + dir}, 0, "Changes can be taken back for 15 min, from " + dir},
		{"to be made", []string{"HELIX_STATE_DIR=" + filepath.Join(dir, "new", "one")}, 0, "Changes can be taken back"},
		{"switched off", []string{"HELIX_UNDO_RETENTION=0s"}, 0, "undo.retention is 0"},
		{"not writable", []string{"HELIX_STATE_DIR=" + filepath.Join(file, "state")}, 1, "state.dir cannot be written"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := runHelixIn(t, t.TempDir(), append(c.env, "REDIS_URL="+server.URL()), "", "check")
			said := strings.Join(strings.Fields(got.stdout), " ")
			if got.status != c.status || !strings.Contains(said, c.says) || c.says == "" && strings.Contains(got.stdout, "Undo") {
				t.Errorf("status %d:\n%s", got.status, got.stdout)
			}
		})
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("the check left %v, %v", left, err)
	}
}

// A plan that exec showed cannot be confirmed any more, so none is kept.
func TestExecKeepsNoPlan(t *testing.T) {
	server := redistest.Standalone(t)
	dir := t.TempDir()
	env := []string{"REDIS_URL=" + server.URL(), "HELIX_STATE_DIR=" + dir}
	if got := runHelixIn(t, t.TempDir(), env, "", "exec", "--json", "!redis mset a 1 b 2"); got.status != 4 || strings.Contains(got.stdout, `"id"`) {
		t.Errorf("status %d: %s", got.status, got.stdout)
	}
	if got := runHelixIn(t, t.TempDir(), env, "", "exec", "!pending"); got.stdout != "No plan waits.\n" {
		t.Errorf("it waits: %s", got.stdout)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "plans", "*.plan")); err != nil || len(left) > 0 {
		t.Errorf("it left %v, %v", left, err)
	}
}
