package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// childVariable makes the test binary write a journal in a directory until it is
// killed, one line on its output for each batch that lasts.
const childVariable = "HELIX_TEST_JOURNAL"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		fmt.Fprintln(os.Stderr, writeForever(dir))
		os.Exit(1)
	}
	goleak.VerifyTestMain(m)
}

func writeForever(dir string) error {
	j, err := Open(Options{Dir: dir})
	if err != nil {
		return err
	}
	w, err := j.Begin(Header{ID: "child"})
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		if err := w.Before(imagesOf(n, 50)); err != nil {
			return err
		}
		fmt.Println(n)
		if err := w.After(statesOf(n, 50)); err != nil {
			return err
		}
	}
}

// child is another process that writes.
type child struct {
	cmd *exec.Cmd
	out *bufio.Reader
}

func startChild(t *testing.T, dir string) *child {
	t.Helper()
	c := &child{cmd: exec.Command(os.Args[0])}
	c.cmd.Env = append(os.Environ(), childVariable+"="+dir)
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.out = bufio.NewReader(out)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.kill() })
	return c
}

// wrote waits for a number of batches.
func (c *child) wrote(t *testing.T, batches int) {
	t.Helper()
	for range batches {
		if _, err := c.out.ReadString('\n'); err != nil {
			t.Fatalf("the other process: %v", err)
		}
	}
}

// kill ends the process at once and answers how many more batches it wrote.
func (c *child) kill() int {
	_ = c.cmd.Process.Kill() // an error means that it has ended already
	rest, _ := io.ReadAll(c.out)
	_ = c.cmd.Wait() // it ends by our signal, which Wait reports as an error
	return strings.Count(string(rest), "\n")
}

func open(t testing.TB, o Options) *Journal {
	t.Helper()
	if o.Dir == "" {
		o.Dir = filepath.Join(t.TempDir(), "journal")
	}
	j, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func begin(t testing.TB, j *Journal, h Header) *Writer {
	t.Helper()
	w, err := j.Begin(h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close("the test ended"); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	})
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ended writes a whole journal of some batches.
func ended(t *testing.T, j *Journal, id string, batches int) {
	t.Helper()
	w := begin(t, j, Header{ID: id})
	for n := range batches {
		must(t, w.Before(imagesOf(n, 3)))
		must(t, w.After(statesOf(n, 3)))
	}
	must(t, w.Close("done"))
}

func read(t *testing.T, j *Journal, id string) *Reader {
	t.Helper()
	r, err := j.Read(id)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

func all(t *testing.T, r *Reader) (batches []Batch) {
	t.Helper()
	for {
		b, err := r.Next()
		if errors.Is(err, io.EOF) {
			return batches
		}
		must(t, err)
		batches = append(batches, b)
	}
}

func fileOf(t testing.TB, j *Journal, id string) string {
	t.Helper()
	path, err := j.path(id)
	must(t, err)
	return path
}

func ids(t *testing.T, j *Journal) (all []string) {
	t.Helper()
	list, err := j.List()
	must(t, err)
	for _, s := range list {
		all = append(all, s.ID)
	}
	return all
}

// imagesOf answers n images that differ from those of every other batch.
func imagesOf(batch, n int) []Image {
	images := make([]Image, n)
	for i := range images {
		images[i] = Image{
			DB: i % 3, Name: fmt.Appendf(nil, "session:user:%d:%d", batch, i), Exists: i%5 > 0,
			Content: []byte(strings.Repeat(fmt.Sprint(batch, i), i%7)), Deadline: int64(batch * i * 1e9),
		}
	}
	return images
}

func statesOf(batch, n int) []State {
	states := make([]State, n)
	for i := range states {
		states[i] = State{Exists: i%2 > 0, Altered: i%3 > 0, Deadline: int64(batch - i)}
		if states[i].Altered {
			states[i].Sum[batch%16] = byte(i)
		}
	}
	return states
}

// wantBatch holds a batch against imagesOf and statesOf; an empty text is nil or
// not.
func wantBatch(t *testing.T, b Batch, number, n int, open bool) {
	t.Helper()
	images := imagesOf(number, n)
	if b.Number != number || len(b.Images) != n || b.Open() != open {
		t.Fatalf("batch %d of %d, open %v; want %d of %d, %v", b.Number, len(b.Images), b.Open(), number, n, open)
	}
	for i, image := range b.Images {
		if fmt.Sprint(image) != fmt.Sprint(images[i]) {
			t.Errorf("image %d: %v, want %v", i, image, images[i])
		}
	}
	if !open && !reflect.DeepEqual(b.States, statesOf(number, n)) {
		t.Errorf("states %v, want %v", b.States, statesOf(number, n))
	}
}

// clock is a time that a test moves.
type clock struct{ time.Time }

func (c *clock) now() time.Time { return c.Time }
