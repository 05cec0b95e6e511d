package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A request that Discord's description or limits forbid fails each test that
// makes one. None is excused but the fake's own tests, and those of events that
// are made up, whose answers are to members and presses that never were.
func TestNoTestIsExcusedFromDiscordsRules(t *testing.T) {
	excuse, madeUp := "Allow"+"Violations()", filepath.Join("bot", "health_test.go")
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || filepath.Dir(path) == filepath.Join("bot", "discordtest") {
			return err
		}
		source, err := os.ReadFile(path)
		if strings.Contains(string(source), excuse) && path != madeUp {
			t.Errorf("%s excuses itself", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
