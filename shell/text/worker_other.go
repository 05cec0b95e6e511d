//go:build !linux

package text

import (
	"os/exec"
	"time"
)

// Away from Linux a worker has the limits that the Go runtime can give it:
// memory by its own accounts and processor time by the clock.

func confine(*exec.Cmd) {}

func (p *process) kill() { _ = p.cmd.Process.Kill() }

func endedByCPU(error) bool { return false }

func limitSystem(_, cpu int64, broken chan<- string) (ballast []byte, err error) {
	time.AfterFunc(time.Duration(cpu)*time.Second, func() { broken <- "cpu" })
	return nil, nil
}

func residentBytes() int64 { return runtimeBytes() }
