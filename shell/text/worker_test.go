package text_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/helix-collective/helix/shell"
	"github.com/helix-collective/helix/shell/text"
)

// hungry are programs that would take all the memory or time there is.
var hungry = []struct {
	name, limit string
	line        string
}{
	{"string doubling", "memory", `awk 'BEGIN{s="x";while(1)s=s s}'`},
	{"doubling by gsub", "memory", `awk 'BEGIN{s="x";while(1)gsub(/x/,"xx",s)}'`},
	{"endless array", "memory", `awk 'BEGIN{while(1)a[i++]=i}'`},
	{"wide sprintf", "", `awk 'BEGIN{s=sprintf("%999999999d",1);print length(s)}'`},
	{"wide sprintf in a loop", "memory", `awk 'BEGIN{while(1)s=s sprintf("%9999999d",1)}'`},
	{"field far out", "memory", `awk 'BEGIN{$999999999="x";print NF}'`},
	{"range into an array", "memory", `jq -n '[range(1e9)]'`},
	{"text times a number", "memory", `jq -n '"x"*1e9|length'`},
	{"doubling text", "memory", `jq -n '"x"|until(false;.+.)'`},
	{"doubling array", "memory", `jq -n '[1]|until(false;.+.)'`},
	{"recursion", "memory", `jq -n 'def f:1+f;f'`},
	{"far index", "memory", `jq -n '[]|.[99999999]=1|length'`},
	{"deep nesting", "memory", `jq -n 'reduce range(1e7) as $i (0;[.])'`},
	{"big numbers", "memory", `jq -n '[limit(1e9;repeat("abcdefgh"))]|add'`},
	{"endless loop in awk", "cpu", `awk 'BEGIN{while(1);}'`},
	{"endless loop in jq", "cpu", `jq -n 'def f:f;f'`},
}

func TestWorkersStayWithinTheirLimits(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds of processor time")
	}
	commands := text.Commands(text.Options{CPU: time.Second})
	for _, h := range hungry {
		if raceEnabled && h.limit == "memory" {
			continue // the detector's own memory cannot be told from the worker's
		}
		t.Run(h.name, func(t *testing.T) {
			peak := watchChildren(t)
			args := words(h.line)
			var stderr bytes.Buffer
			call := newCall(args[0], args[1:], shell.Limits{})
			call.Stdin, call.Stdout, call.Stderr = shell.NewReader(strings.NewReader("")), shell.Discard(), shell.NewWriter(&stderr)
			status, err := commands[args[0]].Run(t.Context(), call)
			call.Stderr.Flush()
			var limit *shell.LimitError
			refused := err == nil && status != 0 && stderr.Len() > 0 // by the interpreter's own bounds
			if !errors.As(err, &limit) && !refused && h.limit != "" {
				t.Errorf("status %d, error %v, %q; want a limit", status, err, stderr.String())
			}
			if limit != nil && (limit.Unit == "bytes") != (h.limit == "memory") && limit.Unit == "bytes" {
				t.Errorf("ended by %v, want the limit of %s", limit, h.limit)
			}
			if most := peak(); most > 128<<20 { // a busy machine looks at the worker late
				t.Errorf("peak of %d MiB, want below 128", most>>20)
			} else {
				t.Logf("%v, peak %d MiB, status %d %s", err, most>>20, status, stderr.String())
			}
		})
	}
}

// watchChildren samples the peak memory of this process's children until its
// answer is asked for.
func watchChildren(t *testing.T) (peak func() int64) {
	if runtime.GOOS != "linux" {
		return func() int64 { return 0 }
	}
	var most int64
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		for {
			for _, pid := range children() {
				most = max(most, peakOf(pid))
			}
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
			}
		}
	})
	return func() int64 {
		close(stop)
		done.Wait()
		return most
	}
}

// children answers the processes that this one started and that still are.
func children() []string {
	var all []string
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, l := range lists {
		pids, _ := os.ReadFile(l)
		all = append(all, strings.Fields(string(pids))...)
	}
	return all
}

func peakOf(pid string) int64 {
	status, _ := os.ReadFile("/proc/" + pid + "/status")
	exe, _ := os.Readlink("/proc/" + pid + "/exe")
	args, _ := os.ReadFile("/proc/" + pid + "/cmdline")
	if self, _ := os.Executable(); exe != self || !bytes.Contains(args, []byte("text-worker")) {
		return 0
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	fields := strings.Fields(rest)
	if len(fields) == 0 {
		return 0
	}
	kib, _ := strconv.ParseInt(fields[0], 10, 64)
	return kib << 10
}

func TestWorkersSeeNothingOfTheHost(t *testing.T) {
	t.Setenv("HELIX_SECRET", "hunter2")
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`awk 'BEGIN{for(k in ENVIRON)print k,ENVIRON[k]}'`,
		`awk 'BEGIN{while((getline l < "` + secret + `")>0)print l}'`,
		`awk '{print}' ` + secret,
		`awk 'BEGIN{ARGV[1]="` + secret + `";ARGC=2}{print}'`,
		`awk 'BEGIN{"cat ` + secret + `"|getline l;print l}'`,
		`awk 'BEGIN{system("cat ` + secret + `")}'`,
		`awk 'BEGIN{print "x" > "` + secret + `.out"}'`,
		`awk 'BEGIN{print "x" | "cat > ` + secret + `.out"}'`,
		`jq -n 'env'`, `jq -n '$ENV'`, `jq -n 'env|.HELIX_SECRET'`,
		`jq -n 'import "` + secret + `" as $x;$x'`,
		`jq -n 'include "` + secret + `";1'`,
		`jq . ` + secret,
		`jq -n 'input_filename'`, `jq -n '$__loc__'`, `jq -n 'get_search_list'`,
	} {
		args := words(line)
		got := run(t, "", args[0], args[1:]...)
		if strings.Contains(got.stdout+got.stderr, "hunter2") {
			t.Errorf("%s sees the host: %q %q", line, got.stdout, got.stderr)
		}
		if got.err != nil {
			t.Errorf("%s: %v", line, got.err)
		}
	}
	if _, err := os.Stat(secret + ".out"); err == nil {
		t.Error("a worker wrote a file")
	}
}

// TestWorkersEndWithTheirContext: within a second nothing is left of a call, which
// takes a tenth of that on a machine at rest.
func TestWorkersEndWithTheirContext(t *testing.T) {
	for _, line := range []string{`awk 'BEGIN{while(1);}'`, `jq -n 'def f:f;f'`, `awk '{print}'`, `awk 'BEGIN{while(1)print "x"}'`} {
		ctx, cancel := context.WithCancelCause(t.Context())
		args := words(line)
		call := newCall(args[0], args[1:], shell.Limits{})
		in, _, closeIn := shell.Pipe(ctx)
		unread, out, closeOut := shell.Pipe(ctx)
		call.Stdin, call.Stdout, call.Stderr = in, out, shell.Discard()
		stopped := errors.New("stopped")
		var cancelled time.Time
		time.AfterFunc(200*time.Millisecond, func() { cancelled = time.Now(); cancel(stopped) })
		_, err := command(t, args[0]).Run(ctx, call)
		if took := time.Since(cancelled); took > time.Second*slowness {
			t.Errorf("%s ended %v after its context", line, took)
		}
		if !errors.Is(err, stopped) {
			t.Errorf("%s: %v, want the reason of the context's end", line, err)
		}
		if left := children(); len(left) > 0 {
			t.Errorf("%s left %v behind", line, left)
		}
		closeIn()
		closeOut()
		unread.Close()
	}
}

func TestWorkerEndsWhenNobodyReads(t *testing.T) {
	args := words(`awk 'BEGIN{while(1)print "x"}'`)
	call := newCall(args[0], args[1:], shell.Limits{})
	r, w, end := shell.Pipe(t.Context())
	call.Stdin, call.Stdout, call.Stderr = shell.NewReader(strings.NewReader("")), w, shell.Discard()
	var failed error
	var done sync.WaitGroup
	done.Go(func() {
		defer end()
		_, failed = command(t, "awk").Run(t.Context(), call)
	})
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	r.Close()
	done.Wait()
	if !errors.Is(failed, shell.ErrPipeClosed) {
		t.Errorf("got %v, want ErrPipeClosed", failed)
	}
}

// TestWorkerLeavesEarly: a program that stops reading ends what feeds it.
func TestWorkerLeavesEarly(t *testing.T) {
	call := newCall("awk", []string{"NR==2{print;exit}"}, shell.Limits{})
	r, w, end := shell.Pipe(t.Context())
	var stdout bytes.Buffer
	call.Stdin, call.Stdout, call.Stderr = r, shell.NewWriter(&stdout), shell.Discard()
	var fed error
	var done sync.WaitGroup
	done.Go(func() {
		defer end()
		for i := 0; fed == nil; i++ {
			_, fed = fmt.Fprintln(w, i)
		}
	})
	if status, err := command(t, "awk").Run(t.Context(), call); status != 0 || err != nil {
		t.Errorf("status %d, error %v", status, err)
	}
	r.Close()
	done.Wait()
	call.Stdout.Flush()
	if !errors.Is(fed, shell.ErrPipeClosed) || stdout.String() != "1\n" {
		t.Errorf("feeder got %v, output %q", fed, stdout.String())
	}
}

// TestWorkerStreams: what has been read comes out while more is awaited.
func TestWorkerStreams(t *testing.T) {
	call := newCall("awk", []string{"{print $1}"}, shell.Limits{})
	from, to := io.Pipe()
	out, w := io.Pipe()
	call.Stdin, call.Stdout, call.Stderr = shell.NewReader(from), shell.NewWriter(w), shell.Discard()
	var done sync.WaitGroup
	done.Go(func() {
		defer w.Close()
		command(t, "awk").Run(t.Context(), call)
		call.Stdout.Flush()
	})
	// The call's own Writer gathers 32 KiB; so much must come through.
	if _, err := io.WriteString(to, strings.Repeat("line one\n", 8000)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(out, make([]byte, 16<<10)); err != nil {
		t.Fatal(err)
	}
	to.Close()
	io.Copy(io.Discard, out)
	done.Wait()
}

func TestKeyWithALineBreakNeverReachesAWorker(t *testing.T) {
	call := newCall("awk", []string{"{print}"}, shell.Limits{})
	r, w, end := shell.Pipe(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		defer end()
		w.WriteKey([]byte("fine"), []byte("fine"))
		w.WriteKey([]byte("a\nb"), []byte("a\nb"))
	})
	call.Stdin, call.Stdout, call.Stderr = r, shell.Discard(), shell.Discard()
	_, err := command(t, "awk").Run(t.Context(), call)
	done.Wait()
	if err == nil || !strings.Contains(err.Error(), `"a\nb"`) {
		t.Errorf("got %v, want an error that names the key", err)
	}
}

func TestTooManyWorkersAreRefused(t *testing.T) {
	commands := text.Commands(text.Options{Workers: 1})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	start := func(in *shell.Reader, stderr *shell.Writer) (int, error) {
		call := newCall("awk", []string{"{print}"}, shell.Limits{})
		call.Stdin, call.Stdout, call.Stderr = in, shell.Discard(), stderr
		return commands["awk"].Run(ctx, call)
	}
	in, _, closeIn := shell.Pipe(ctx)
	var done sync.WaitGroup
	done.Go(func() { start(in, shell.Discard()) })
	for len(children()) == 0 {
		runtime.Gosched()
	}
	var stderr bytes.Buffer
	w := shell.NewWriter(&stderr)
	status, err := start(shell.NewReader(strings.NewReader("")), w)
	w.Flush()
	if status != 2 || err != nil || !strings.Contains(stderr.String(), "only 1 calls") {
		t.Errorf("status %d, error %v, %q", status, err, stderr.String())
	}
	closeIn()
	done.Wait()
}

func TestWrongProgramsNameTheirPlace(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`awk '{print $1'`, "line 1, column 10 of the program"},
		{`awk 'BEGIN{x=}'`, "line 1, column 9 of the program"},
		{`jq '.a | .['`, "line 1, column 8 of the filter"},
		{`jq '.a | )'`, "line 1, column 6 of the filter"},
		{`jq '.a | foo'`, "foo/0"},
	} {
		args := words(c.line)
		got := run(t, "{}", args[0], args[1:]...)
		if got.status != 2 || !strings.Contains(got.stderr, c.want) {
			t.Errorf("%s: status %d, %q; want 2 and %q", c.line, got.status, got.stderr, c.want)
		}
	}
}
