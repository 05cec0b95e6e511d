package text_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// requireTool finds a real tool. One that is missing skips the test, or fails
// it where HELIX_REQUIRE_REDIS=1 says that everything must be compared.
func requireTool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("HELIX_REQUIRE_REDIS") == "1" {
		t.Fatalf("%s is not on the PATH, and HELIX_REQUIRE_REDIS=1 requires it", name)
	}
	if err != nil {
		t.Skipf("%s is not on the PATH", name)
	}
	return path
}

// TestSameAsTheRealTools runs every row through ours and the tool of that
// name: standard output and status must be equal. Where the real tool refuses
// the call, ours must refuse it too, with its own status 2. The race detector
// sees every fourth row: what a tool prints is settled without it.
func TestSameAsTheRealTools(t *testing.T) {
	byName := map[string][]row{}
	for _, r := range rows {
		name, _, _ := strings.Cut(r.line, " ")
		byName[name] = append(byName[name], r)
	}
	for name, rows := range byName {
		t.Run(name, func(t *testing.T) {
			for i := 0; i < len(rows); i += stride {
				compare(t, rows[i])
			}
		})
	}
}

func compare(t *testing.T, r row) {
	t.Helper()
	args := words(r.line)
	want, got := real(t, r), run(t, r.in, args[0], args[1:]...)
	refused := want.status != 0 && want.stderr != "" && want.stdout == got.stdout
	if refused && got.status == 2 && got.stderr != "" && got.err == nil {
		return
	}
	if got.err != nil || got.stdout != want.stdout || got.status != want.status {
		t.Errorf("%s\n   on %.80q\n  got %.200q, status %d, error %v, %s\n want %.200q, status %d, %s",
			r.line, r.in, got.stdout, got.status, got.err, got.stderr, want.stdout, want.status, want.stderr)
	}
}

// TestDifferencesOnPurpose pins where ours differs, and that it still does.
func TestDifferencesOnPurpose(t *testing.T) {
	for _, d := range differences {
		args := words(d.line)
		got := run(t, d.in, args[0], args[1:]...)
		if got.err != nil || got.stdout != d.stdout || got.status != d.status {
			t.Errorf("%s\n  got %q, status %d, error %v, %s\n want %q, status %d: %s",
				d.line, got.stdout, got.status, got.err, got.stderr, d.stdout, d.status, d.reason)
		}
		if _, err := exec.LookPath(args[0]); err != nil {
			continue
		}
		if want := real(t, d.row); want.stdout == d.stdout && want.status == d.status {
			t.Errorf("%s: no difference any more; it belongs among the rows", d.line)
		}
	}
}

func real(t *testing.T, r row) result {
	t.Helper()
	args := words(r.line)
	cmd := exec.Command(requireTool(t, args[0]), args[1:]...)
	if args[0] == "echo" || args[0] == "printf" {
		cmd = exec.Command(requireTool(t, "bash"), append([]string{"-c", `"$0" "$@"`}, args...)...)
	}
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	cmd.Stdin = bytes.NewReader([]byte(r.in))
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{stdout: stdout.String(), stderr: stderr.String(), status: cmd.ProcessState.ExitCode()}
}
