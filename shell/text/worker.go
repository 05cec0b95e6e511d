package text

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/helix-collective/helix/shell"
)

// Options says how awk and jq run. They can take any amount of time and
// memory, so each call is a process of its own: the same program started
// again, with an empty environment and limits, ended with its call.
type Options struct {
	// Worker is the executable to start; empty means the running one. Its
	// main must call RunWorker before anything else.
	Worker string
	// Workers is how many may run at a time; 0 means 6.
	Workers int
	// Memory is how many bytes a worker may keep resident; 0 means 60 MiB.
	Memory int64
	// CPU is how much processor time a worker may use, in whole seconds; 0
	// means 20 s.
	CPU time.Duration
}

// workers starts workers and bounds how many there are.
type workers struct {
	Options
	slots chan struct{}
}

func newWorkers(o Options) *workers {
	if o.Workers == 0 {
		o.Workers = 6
	}
	if o.Memory == 0 {
		o.Memory = 60 << 20
	}
	if o.CPU == 0 {
		o.CPU = 20 * time.Second
	}
	return &workers{Options: o, slots: make(chan struct{}, o.Workers)}
}

// workerFlag makes the program a worker. It looks like an option so that a
// program which does not know it refuses to start.
const workerFlag = "--helix-text-worker"

// task is what a worker is asked to do, sent before its standard input.
type task struct {
	Name   string
	Memory int64
	CPU    int64 // seconds
	Awk    *awkTask
	Jq     *jqTask
}

// verdict is how a task ended.
type verdict struct {
	Status int
	Limit  string // "memory" or "cpu" if that ended it
}

// patience is how long a call waits for its turn. Stages of one pipeline wait
// for each other, so that more of them than there are places never could run.
const patience = 3 * time.Second

// run has a worker carry out a task on the call's streams.
func (w *workers) run(ctx context.Context, j *job, t task) (int, error) {
	t.Name, t.Memory, t.CPU = j.Name, w.Memory, max(1, int64(w.CPU/time.Second))
	if err := w.enter(ctx); err != nil {
		return 0, err
	}
	defer func() { <-w.slots }()

	// The system ends a worker with the thread that started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	p, err := w.start()
	if err != nil {
		return 0, fmt.Errorf("start a worker for %s: %w", t.Name, err)
	}
	return p.attend(ctx, j, t)
}

// enter takes one of the places, waiting for a while.
func (w *workers) enter(ctx context.Context) error {
	wait := time.NewTimer(patience)
	defer wait.Stop()
	select {
	case w.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-wait.C:
		return misuse("only %d calls of awk and jq may run at a time; use fewer in a pipeline, or try again", w.Workers)
	}
}

// process is a running worker and our ends of its pipes.
type process struct {
	cmd     *exec.Cmd
	stdin   *os.File
	stdout  *os.File
	crash   *os.File // its real standard error: what the runtime says as it dies
	stderr  *os.File // the program's standard error
	verdict *os.File
}

func (w *workers) start() (*process, error) {
	executable := w.Worker
	if executable == "" {
		var err error
		if executable, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	p := &process{cmd: &exec.Cmd{
		Path: executable, Args: []string{executable, workerFlag}, Env: []string{}, Dir: os.TempDir(),
	}}
	theirs, err := p.connect()
	defer closeAll(theirs)
	if err == nil {
		confine(p.cmd)
		err = p.cmd.Start()
	}
	if err != nil {
		closeAll([]*os.File{p.stdin, p.stdout, p.crash, p.stderr, p.verdict})
		return nil, err
	}
	return p, nil
}

// connect makes the pipes and answers the worker's ends of them.
func (p *process) connect() (theirs []*os.File, err error) {
	in, ours, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p.stdin, theirs = ours, []*os.File{in}
	for _, end := range []**os.File{&p.stdout, &p.crash, &p.stderr, &p.verdict} {
		r, w, err := os.Pipe()
		if err != nil {
			return theirs, err
		}
		*end, theirs = r, append(theirs, w)
	}
	p.cmd.Stdin, p.cmd.Stdout, p.cmd.Stderr = theirs[0], theirs[1], theirs[2]
	p.cmd.ExtraFiles = theirs[3:]
	return theirs, nil
}

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}

// attend feeds the worker, passes on what it writes, and waits for its end.
// When it returns nothing of the call is left: no process, no goroutine.
func (p *process) attend(ctx context.Context, j *job, t task) (int, error) {
	defer closeAll([]*os.File{p.stdout, p.crash, p.stderr, p.verdict})
	stop := context.AfterFunc(ctx, p.kill)
	defer stop()

	var all sync.WaitGroup
	var fed, wrote, complained error
	var crash, report []byte
	all.Go(func() { fed = p.feed(j.Stdin, t) })
	all.Go(func() { wrote = p.pump(j.Stdout, p.stdout) })
	all.Go(func() { complained = p.pump(j.Stderr, p.stderr) })
	all.Go(func() { crash = p.keepStart(p.crash) })
	all.Go(func() { report = p.keepStart(p.verdict) })
	ended := p.cmd.Wait()
	all.Wait()

	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if err := errors.Join(wrote, complained, fed); err != nil {
		return 0, firstOf(wrote, complained, fed)
	}
	return conclude(t, report, crash, ended)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// feed sends the task and then the input. That the worker reads no further is
// no error. A key with a line break would come out as two lines: it ends the
// program.
func (p *process) feed(in *shell.Reader, t task) error {
	defer p.stdin.Close()
	to := newSteady(p.stdin)
	defer to.stop()
	if err := sendTask(to, t); err != nil {
		return nil
	}
	for {
		rec, err := in.Next()
		if err == io.EOF {
			to.Flush()
			return nil
		}
		if err == nil && rec.IsKey() && bytes.IndexByte(rec.Text, '\n') >= 0 {
			err = fmt.Errorf("%s: the key %q holds a line break and would become two lines", t.Name, rec.Text)
		}
		if err != nil {
			p.kill()
			return err
		}
		if to.writeLine(rec) != nil {
			in.Close()
			return nil
		}
	}
}

func sendTask(w io.Writer, t task) error {
	body, err := json.Marshal(t)
	if err != nil {
		return err
	}
	header := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	_, err = w.Write(append(header, body...))
	return err
}

// pump passes on what the worker writes; if nobody takes it, the worker ends.
func (p *process) pump(to *shell.Writer, from *os.File) error {
	_, err := io.Copy(to, from)
	if err != nil {
		p.kill()
	}
	return err
}

// keepStart reads to the end and keeps the beginning.
func (p *process) keepStart(from *os.File) []byte {
	start, _ := io.ReadAll(io.LimitReader(from, 4<<10))
	io.Copy(io.Discard, from)
	return start
}

// conclude turns what is known of a worker's end into the call's.
func conclude(t task, report, crash []byte, ended error) (int, error) {
	var v verdict
	said := json.Unmarshal(report, &v) == nil
	memory := &shell.LimitError{Limit: "the memory of " + t.Name, Max: t.Memory, Unit: "bytes"}
	cpu := &shell.LimitError{Limit: t.Name, Max: t.CPU, Unit: "seconds of processor time"}
	switch {
	case v.Limit == "memory":
		return 0, memory
	case v.Limit == "cpu":
		return 0, cpu
	case said:
		return v.Status, nil
	case bytes.Contains(crash, []byte("out of memory")), bytes.Contains(crash, []byte("cannot allocate")),
		bytes.Contains(crash, []byte("stack exceeds")), bytes.Contains(crash, []byte("failed to create new OS thread")):
		return 0, memory
	case endedByCPU(ended):
		return 0, cpu
	}
	reason, _, _ := strings.Cut(string(crash), "\n")
	return 0, fmt.Errorf("the worker of %s ended unexpectedly (%v): %s", t.Name, ended, reason)
}

// steady is a buffered writer that lets nothing lie for long.
type steady struct {
	mu    sync.Mutex
	buf   *bufio.Writer
	ended chan struct{}
	done  sync.WaitGroup
}

// linger is how long what was written may wait for more.
const linger = 50 * time.Millisecond

func newSteady(w io.Writer) *steady {
	s := &steady{buf: bufio.NewWriterSize(w, 32<<10), ended: make(chan struct{})}
	s.done.Go(func() {
		tick := time.NewTicker(linger)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				s.Flush()
			case <-s.ended:
				return
			}
		}
	})
	return s
}

// stop ends the flushing. What is still buffered stays there.
func (s *steady) stop() {
	close(s.ended)
	s.done.Wait()
}

func (s *steady) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Write(b)
}

// Flush writes what is buffered. An error stays with the buffer.
func (s *steady) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.buf.Flush()
}

func (s *steady) writeLine(rec shell.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, err := s.buf.Write(rec.Text)
	if !rec.Open {
		err = s.buf.WriteByte('\n')
	}
	return err
}
