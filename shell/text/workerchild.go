package text

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"time"
)

// RunWorker carries out a worker's task if the process was started as one.
// main and every TestMain call it before anything else:
//
//	if handled, status := text.RunWorker(); handled {
//		os.Exit(status)
//	}
func RunWorker() (handled bool, status int) {
	if len(os.Args) != 2 || os.Args[1] != workerFlag {
		return false, 0
	}
	return true, serve(os.Stdin, os.Stdout, os.NewFile(3, "stderr"), os.NewFile(4, "verdict"))
}

// serve carries out the task that in begins with and answers the process's
// status. The verdict says more than that can.
func serve(in io.Reader, out, stderr, report *os.File) int {
	source := bufio.NewReaderSize(in, 32<<10)
	t, err := receiveTask(source)
	if err != nil {
		fmt.Fprintf(os.Stderr, "no task: %s\n", err)
		return 1
	}
	broken, err := limitSelf(t)
	if err != nil {
		fmt.Fprintf(os.Stderr, "no limits: %s\n", err)
		return 1
	}
	done := make(chan int, 1)
	go func() { done <- carryOut(t, source, out, stderr) }()
	var v verdict
	select {
	case v.Status = <-done:
	case v.Limit = <-broken:
	}
	if json.NewEncoder(report).Encode(v) != nil {
		return 1
	}
	return 0
}

// maxTask bounds a task: programs and their arguments come from variables,
// which are bounded too.
const maxTask = 16 << 20

func receiveTask(in io.Reader) (t task, err error) {
	var header [4]byte
	if _, err := io.ReadFull(in, header[:]); err != nil {
		return t, err
	}
	n := binary.BigEndian.Uint32(header[:])
	if n > maxTask {
		return t, fmt.Errorf("a task of %d bytes", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(in, body); err != nil {
		return t, err
	}
	return t, json.Unmarshal(body, &t)
}

func carryOut(t task, in io.Reader, out, stderr io.Writer) int {
	w := newSteady(out)
	defer w.stop()
	defer w.Flush()
	if t.Awk != nil {
		return t.Awk.run(in, w, stderr)
	}
	return t.Jq.run(in, w, stderr)
}

// limitSelf bounds the process. The channel says which limit was reached.
//
// Memory has three bounds: the collector works harder near the first, a look
// at the resident size every few milliseconds ends the task at the second,
// and at the third the system refuses more, so that one huge allocation ends
// the process before it is filled.
func limitSelf(t task) (<-chan string, error) {
	// A zone's rules would be read from a file.
	time.Local = time.UTC
	runtime.GOMAXPROCS(2)
	debug.SetTraceback("none")
	debug.SetMaxStack(16 << 20)
	warmThreads(10)

	broken := make(chan string, 3)
	growth := max(t.Memory*allowance-residentBytes()-reserve, 4<<20)
	ballast, err := limitSystem(growth, t.CPU, broken)
	if err != nil {
		return nil, err
	}
	debug.SetGCPercent(50)
	debug.SetMemoryLimit(runtimeBytes() + growth*2/3)
	go watch(residentBytes()+growth*9/10, broken, ballast)
	return broken, nil
}

// reserve is left for pages of the program that are not loaded yet, and for
// what the runtime itself needs.
const reserve = 12 << 20

// warmThreads starts threads before memory is limited: where the program was
// linked with C, each reserves a stack that would count.
func warmThreads(n int) {
	var all, ready sync.WaitGroup
	ready.Add(n)
	for range n {
		all.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ready.Done()
			ready.Wait()
		})
	}
	all.Wait()
}

func runtimeBytes() int64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys - m.HeapReleased)
}

// watch says so when too much memory is resident, or when the process that
// started this one is gone. It keeps the ballast in its place.
func watch(most int64, broken chan<- string, ballast []byte) {
	defer runtime.KeepAlive(ballast)
	parent := os.Getppid()
	for range time.Tick(4 * time.Millisecond) {
		if residentBytes() > most {
			broken <- "memory"
			return
		}
		if os.Getppid() != parent {
			broken <- "parent"
			return
		}
	}
}
