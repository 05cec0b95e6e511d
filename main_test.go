package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/helix-collective/helix/shell/text"
)

// beHelix makes a test's own binary behave as helix, so that tests run the
// real program without building it.
const beHelix = "HELIX_TEST_BE_HELIX"

func TestMain(m *testing.M) {
	if handled, status := text.RunWorker(); handled {
		os.Exit(status)
	}
	if os.Getenv(beHelix) != "" {
		os.Exit(helix(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// ran is how a run of helix ended.
type ran struct {
	stdout, stderr string
	status         int
}

// runHelix runs the program with stdin and arguments, nothing configured but
// what env says.
func runHelix(t *testing.T, stdin string, args ...string) ran {
	t.Helper()
	return runHelixIn(t, t.TempDir(), nil, stdin, args...)
}

func runHelixIn(t *testing.T, dir string, env []string, stdin string, args ...string) ran {
	t.Helper()
	cmd := helixCommand(t, dir, env, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return ran{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

func helixCommand(t testing.TB, dir string, env []string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Dir = dir
	cmd.Env = append([]string{beHelix + "=1", "HOME=" + dir, "PATH=" + os.Getenv("PATH")}, env...)
	return cmd
}
