package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A request that Discord's description or limits forbid fails each test that
// makes one: none but the fake's own tests is excused.
func TestNoTestIsExcusedFromDiscordsRules(t *testing.T) {
	excuse := "Allow" + "Violations()"
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") || filepath.Dir(path) == filepath.Join("bot", "discordtest") {
			return err
		}
		source, err := os.ReadFile(path)
		if strings.Contains(string(source), excuse) {
			t.Errorf("%s excuses itself", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
