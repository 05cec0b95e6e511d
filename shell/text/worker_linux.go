package text

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"syscall"
)

// confine has the worker end with us, in a process group of its own.
func confine(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// kill ends the worker and whatever it may have started. Killing one that has
// ended is harmless: until Wait its number is not given to another.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
}

// endedByCPU answers whether the system ended a worker for its processor time.
func endedByCPU(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && (status.Signal() == syscall.SIGXCPU || status.Signal() == syscall.SIGKILL)
}

// limitSystem asks the system to refuse more memory than growth on top of
// what is mapped now, any file, and processor time beyond cpu seconds.
func limitSystem(growth, cpu int64, broken chan<- string) error {
	spent := make(chan os.Signal, 1)
	signal.Notify(spent, syscall.SIGXCPU)
	go func() {
		<-spent
		broken <- "cpu"
	}()
	limits := map[int]syscall.Rlimit{
		syscall.RLIMIT_CPU:   {Cur: uint64(cpu), Max: uint64(cpu) + 2},
		syscall.RLIMIT_FSIZE: {},
		syscall.RLIMIT_CORE:  {},
	}
	if !raceDetector {
		most := uint64(statm(5) + growth)
		limits[syscall.RLIMIT_DATA] = syscall.Rlimit{Cur: most, Max: most}
	}
	for resource, limit := range limits {
		if err := syscall.Setrlimit(resource, &limit); err != nil {
			return os.NewSyscallError("setrlimit", err)
		}
	}
	return nil
}

// residentBytes answers how much memory of the process is resident.
func residentBytes() int64 { return statm(1) }

// statm answers a field of the process's memory statistics, in bytes; 0 if
// they cannot be read.
func statm(field int) int64 {
	line, err := os.ReadFile("/proc/self/statm")
	fields := bytes.Fields(line)
	if err != nil || field >= len(fields) {
		return 0
	}
	pages, _ := strconv.ParseInt(string(fields[field]), 10, 64)
	return pages * int64(os.Getpagesize())
}
