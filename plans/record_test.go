package plans

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// fake opens a store on a Redis without a process of its own.
func fake(t *testing.T, change ...func(*Options)) *Store {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr(), DisableIdentity: true})
	t.Cleanup(func() { client.Close() })
	return open(t, client, change...)
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.*"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// recorded puts a plan with given steps.
func recorded(t *testing.T, s *Store, steps [][]byte) Plan {
	t.Helper()
	p := Plan{ID: NewID(), Author: "ann"}
	r := s.Record(p.ID)
	record(t, r, steps)
	p, err := s.Put(t.Context(), p, r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestStepsComeBackAsTheyWere(t *testing.T) {
	folder := t.TempDir()
	for name, dir := range map[string]string{"folder": folder, "memory": ""} {
		for _, steps := range [][][]byte{nil, {{}}, {{0}, nil, []byte("\n\xff")}, {bytes.Repeat([]byte("x"), 3*chunkSize), []byte("y")}, some(20_000)} {
			s := fake(t, in(dir))
			p := recorded(t, s, steps)
			_, got, err := s.Take(t.Context(), p.ID, "")
			if err != nil {
				t.Fatal(err)
			}
			if got.Left() != int64(len(steps)) {
				t.Errorf("%s: %d steps to come, want %d", name, got.Left(), len(steps))
			}
			if all := drain(t, got); !bytes.Equal(bytes.Join(all, []byte("|")), bytes.Join(steps, []byte("|"))) || len(all) != len(steps) {
				t.Errorf("%s: %d steps are not the %d that were recorded", name, len(all), len(steps))
			}
		}
	}
	if left := files(t, folder); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestARecordingHoldsLittle(t *testing.T) {
	s := fake(t)
	r := s.Record(NewID())
	for range 200_000 {
		record(t, r, [][]byte{[]byte("EXPIRE\x00session:user:somebody@example.com:0123456789\x0086400")})
	}
	if r.Steps() != 200_000 || r.Bytes() < 10<<20 || cap(r.chunk) > 2*chunkSize {
		t.Errorf("%d steps of %d bytes, of which %d are held", r.Steps(), r.Bytes(), cap(r.chunk))
	}
	dir := string(s.shelf.(folder))
	spooled := files(t, dir)
	if len(spooled) != 1 {
		t.Fatalf("files %q", spooled)
	}
	if info, err := os.Stat(spooled[0]); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	r.Discard()
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	if err := r.Add(nil); err == nil {
		t.Error("a discarded recording takes a step")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	s := fake(t, in(""))
	step := make([]byte, 8<<20)
	fill := func(r *Recorder) (err error) {
		for range 6 {
			err = errors.Join(err, r.Add(step))
		}
		return err
	}
	first, second := s.Record(NewID()), s.Record(NewID())
	var large *TooLarge
	if err := fill(first); err != nil {
		t.Fatal(err)
	}
	if err := fill(second); !errors.As(err, &large) || !strings.Contains(err.Error(), "state.dir") {
		t.Errorf("beyond the bound: %v", err)
	}
	if _, err := s.Put(t.Context(), Plan{ID: second.id}, second); err == nil {
		t.Error("a plan without some of its steps is put")
	}
	p, err := s.Put(t.Context(), Plan{ID: first.id}, first)
	if err != nil {
		t.Fatal(err)
	}
	if dropped, err := s.Drop(t.Context(), p.ID); !dropped || err != nil {
		t.Fatal(dropped, err)
	}
	if used := s.shelf.(*memory).used; used != 0 {
		t.Errorf("%d bytes are held for nothing", used)
	}
}

func TestWhatIsTooLargeIsRefused(t *testing.T) {
	s := fake(t)
	r := s.Record(NewID())
	var large *TooLarge
	if err := r.Add(make([]byte, maxStep+1)); !errors.As(err, &large) {
		t.Errorf("a step: %v", err)
	}
	for name, p := range map[string]Plan{"output": {Output: make([]byte, MaxOutput+1)}, "text": {Text: strings.Repeat("x", maxSealed)}} {
		p.ID = NewID()
		r := s.Record(p.ID)
		if _, err := s.Put(t.Context(), p, r); !errors.As(err, &large) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left := files(t, string(s.shelf.(folder))); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	if err := s.Record("../plan").Add(nil); err == nil {
		t.Error("a step is recorded outside of the folder")
	}
	if _, err := s.Put(t.Context(), Plan{ID: NewID()}, s.Record(NewID())); err == nil {
		t.Error("a plan is put with another's steps")
	}
}

func TestAProcessThatWasKilledLeavesItsPlans(t *testing.T) {
	dead := fake(t)
	dir := string(dead.shelf.(folder))
	p := put(t, dead)
	reborn := open(t, dead.ledger.client, in(dir))
	if got := take(t, reborn, p.ID); got.Digest != p.Digest {
		t.Errorf("taken %+v", got)
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}

	lost := put(t, fake(t, in("")))
	refuses[*Gone](t, open(t, dead.ledger.client, in("")), lost.ID)
}

func TestDamagedStepsDoNotRun(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"a bit":     func(b []byte) []byte { b[len(b)/2] ^= 1; return b },
		"torn":      func(b []byte) []byte { return b[:len(b)-1] },
		"empty":     func([]byte) []byte { return nil },
		"one more":  func(b []byte) []byte { return append(b, 1, 'x') },
		"exchanged": func(b []byte) []byte { return append(b[1:], b[0]) },
	} {
		s := fake(t)
		p := put(t, s)
		path := s.shelf.(folder).path(p.ID, planSuffix)
		data, err := os.ReadFile(path)
		if err == nil {
			err = os.WriteFile(path, damage(data), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		if e := refuses[*TamperedError](t, s, p.ID); e.Part != "steps" {
			t.Errorf("%s: the %s", name, e.Part)
		}
		if dropped, err := s.Drop(t.Context(), p.ID); !dropped || err != nil {
			t.Errorf("%s: dropped %v, %v", name, dropped, err)
		}
	}
}

// What is cut off while it is read is a fault, not the end.
func TestStepsThatEndTooEarly(t *testing.T) {
	s := fake(t)
	p := recorded(t, s, some(20_000))
	_, steps, err := s.Take(t.Context(), p.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(s.shelf.(folder).path(p.ID, runSuffix), chunkSize/2); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = steps.Next()
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		t.Errorf("it ends with %v", err)
	}
	if err := steps.Close(); err != nil {
		t.Error(err)
	}
}

func TestSweepRemovesWhatLapsed(t *testing.T) {
	now := time.Now()
	s := fake(t, func(o *Options) { o.Now = func() time.Time { return now } })
	dir := string(s.shelf.(folder))
	ran, waits := put(t, s), put(t, s, approval)
	_, steps, err := s.Take(t.Context(), ran.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	part, foreign := filepath.Join(dir, NewID()+partSuffix), filepath.Join(dir, "notes.plan")
	for _, path := range []string{part, foreign} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		after time.Duration
		left  int
	}{{time.Minute, 4}, {Lifetime + sweepGrace + time.Minute, 3}, {2 * time.Hour, 2}, {25 * time.Hour, 1}} {
		now = time.Now().Add(tt.after)
		if err := s.sweep(); err != nil {
			t.Fatal(err)
		}
		if left := files(t, dir); len(left) != tt.left {
			t.Errorf("after %v there are %q, want %d", tt.after, left, tt.left)
		}
	}
	refuses[*Gone](t, s, waits.ID)
	if all := drain(t, steps); fmt.Sprintf("%q", all) != fmt.Sprintf("%q", some(3)) {
		t.Errorf("a run that lasts reads %q", all)
	}
}

func TestTheKeyIsKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state", "plans")
	one, two := fake(t, in(dir)), fake(t, in(dir))
	if one.sealer.id != two.sealer.id || !bytes.Equal(one.sealer.key, two.sealer.key) {
		t.Error("two processes of one folder have two keys")
	}
	path := filepath.Join(dir, keyName)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if left := files(t, dir); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	if err := os.WriteFile(path, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Options{Dir: dir}); err == nil || strings.Contains(err.Error(), "short") {
		t.Errorf("a key cut short: %v", err)
	}
	if one, other := fake(t, in("")), fake(t, in("")); one.sealer.id == other.sealer.id {
		t.Error("two processes without a folder share a key")
	}
}

func FuzzSealedForm(f *testing.F) {
	s := newSealer([]byte("key"))
	id := NewID()
	sealed, err := s.seal(&Plan{ID: id, Text: "x"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(takenMark + sealed)
	f.Add(strings.Repeat("0", digestLength) + ` {"id":"` + id + `","made":"9999-99-99"}`)
	f.Fuzz(func(t *testing.T, text string) {
		if _, proven, err := s.read(id, text); proven && err == nil && text != sealed {
			t.Errorf("%q passes for what was sealed", text)
		}
	})
}
