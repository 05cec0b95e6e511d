package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
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
	os.Exit(redistest.Shared(m).Run())
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

// peakMemory runs a command and answers the most memory that it had, in MiB. It
// looks at the process while that runs: what the system tells afterwards counts
// what the parent had when it was started, too.
func peakMemory(cmd *exec.Cmd) (mib float64, err error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	look := time.NewTicker(2 * time.Millisecond)
	defer look.Stop()
	for {
		select {
		case err := <-ended:
			return mib, err
		case <-look.C:
			if now, err := memoryOf(cmd.Process.Pid, "VmHWM"); err == nil {
				mib = max(mib, now)
			}
		}
	}
}

// memoryOf reads one of a process's own figures, in MiB.
func memoryOf(pid int, name string) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(status), name+":")
	var kib float64
	if _, err := fmt.Sscan(after, &kib); err != nil {
		return 0, fmt.Errorf("%s of process %d: %w", name, pid, err)
	}
	return kib / 1024, nil
}
