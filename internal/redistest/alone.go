package redistest

import (
	"os"
	"path/filepath"
	"testing"
)

// LoneSentinel starts a Sentinel with a configuration of the test's own, which it
// rewrites as it learns.
func LoneSentinel(t testing.TB, configuration string) *Server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "sentinel.conf")
	if err := os.WriteFile(file, []byte(configuration), 0o600); err != nil {
		t.Fatal(err)
	}
	return startAll(t, func() []*Server { return []*Server{prepare(t, []string{file, "--sentinel"})} })[0]
}
