package text

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"unsafe"
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

// limitSystem asks the system to refuse heap beyond growth, any file, and
// processor time beyond cpu seconds.
func limitSystem(growth, cpu int64, broken chan<- string) (ballast []byte, err error) {
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
		if ballast, err = fillArena(growth); err != nil {
			return nil, err
		}
		most := uint64(statm(0) + spareSpace)
		limits[syscall.RLIMIT_AS] = syscall.Rlimit{Cur: most, Max: most}
	}
	for resource, limit := range limits {
		if err := syscall.Setrlimit(resource, &limit); err != nil {
			return nil, os.NewSyscallError("setrlimit", err)
		}
	}
	return ballast, nil
}

// spareSpace is address space left to the runtime beside the heap. It is less
// than an arena, so that the heap cannot have another.
const spareSpace = 6 << 20

// fillArena prepares a limit on address space to be one on the heap: the heap
// has growth bytes free, and ballast takes what is left of the arenas that it
// has reserved. Neither is ever touched, so neither takes memory.
//
// (RLIMIT_DATA does not serve: the kernel does not count what is mapped over
// an address range that was reserved before, and Go maps its heap that way.)
func fillArena(growth int64) (ballast []byte, err error) {
	free := make([]byte, growth)
	rest, err := reservedBehind(uintptr(unsafe.Pointer(&free[0])))
	if err != nil {
		return nil, err
	}
	ballast = make([]byte, rest)
	runtime.KeepAlive(free)
	debug.FreeOSMemory()
	return ballast, nil
}

// reservedBehind answers how many bytes without any access are reserved right
// behind the mapping that holds an address.
func reservedBehind(address uintptr) (int64, error) {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return 0, err
	}
	next := uint64(address)
	for line := range bytes.Lines(maps) {
		var start, end uint64
		var access string
		if _, err := fmt.Sscanf(string(line), "%x-%x %s", &start, &end, &access); err != nil {
			return 0, fmt.Errorf("read the map of memory: %w", err)
		}
		switch {
		case start > next || end <= next:
		case access[:3] == "---":
			return int64(end - start), nil
		default:
			next = end
		}
	}
	return 0, nil
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
