package shadow

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// clock is a time that moves when told to.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// open answers a shadow at a set time, in which the keys are known to be absent.
func open(t testing.TB, absent ...string) (*Shadow, *clock) {
	c := &clock{time.UnixMilli(1_900_000_000_000)}
	s := New(c.now)
	t.Cleanup(func() { s.Close() })
	for _, key := range absent {
		s.Delete(0, key)
	}
	return s, c
}

// say runs a line and answers its reply, or its error, as text.
func say(s *Shadow, line string) string {
	reply, err := s.Run(context.Background(), 0, strings.Fields(line))
	if err != nil {
		return err.Error()
	}
	return strings.ReplaceAll(strings.TrimSuffix(string(reply), "\r\n"), "\r\n", " ")
}

func TestAPlanSeesItsOwnWrites(t *testing.T) {
	s, clock := open(t, "a", "b", "h")
	for _, step := range []struct{ line, want string }{
		{"GET a", "$-1"},
		{"SET a 1 EX 100", "+OK"},
		{"INCR a", ":2"},
		{"TTL a", ":100"},
		{"RENAME a b", "+OK"},
		{"EXISTS a b", ":1"},
		{"PTTL b", ":100000"},
		{"EXPIRE b 200 NX", ":0"},
		{"EXPIRE b 200", ":1"},
		{"PERSIST b", ":1"},
		{"TTL b", ":-1"},
		{"TTL a", ":-2"},
		{"TYPE b", "+string"},
		{"HSET h f v", ":1"},
		{"HGETALL h", "*2 $1 f $1 v"},
		{"LPUSH h x", "-" + wrongType},
		{"SETEX b 10 v", "+OK"},
	} {
		if got := say(s, step.line); got != step.want {
			t.Errorf("%s: %q, want %q", step.line, got, step.want)
		}
	}
	if got := s.Keys(0); !slices.Equal(got, []string{"b", "h"}) {
		t.Errorf("keys %q", got)
	}
	clock.at = clock.at.Add(11 * time.Second)
	if got := s.Keys(0); !slices.Equal(got, []string{"h"}) {
		t.Errorf("keys %q after the deadline", got)
	}
	if exists, typ, _ := s.State(0, "b"); exists || typ != typeNone || !s.Holds(0, "b") {
		t.Errorf("after its deadline b exists (%v) as %s", exists, typ)
	}
	if got := say(s, "GET b"); got != "$-1" {
		t.Errorf("GET b after the deadline: %q", got)
	}
}

func TestWhatCannotBeToldIsNotTold(t *testing.T) {
	s, _ := open(t, "a", "b", "c", "n", "z", "x")
	for _, line := range []string{
		"SADD a m", "HSET b f 1 g 2", "ZADD z 0.1 m", "SET n 0.1", "XADD x 5-1 f v",
	} {
		if got := say(s, line); got[0] == '-' || strings.Contains(got, "beforehand") {
			t.Fatalf("%s: %s", line, got)
		}
	}
	for _, line := range []string{
		"SPOP a", "SRANDMEMBER a", "RANDOMKEY", "TIME", "XADD x * f v", "XADD x 6 f v", "XTRIM x MAXLEN ~ 1",
		"EVAL return 0", "PFADD n x", "SORT a", "FLUSHALL", "MULTI", "KEYS *", "SCAN 0", "DBSIZE", "COPY a c DB 3",
		"MOVE a 1", "EXPIREAT a 1900000001", "SET a 1 PXAT 1", "ZADD z INCR 1 m", "ZSCORE z m", "ZINCRBY z 0 m",
		"ZPOPMIN z", "HGETALL b", "HSCAN b 0", "INCRBYFLOAT n 1e17", "SETRANGE n 5000000 x", "SETBIT n 4000000000 1",
		"BITFIELD n SET u8 0 1", "OBJECT FREQ a", "DUMP a", "EXPIRETIME a", "secret-that-was-pasted",
	} {
		_, err := s.Run(context.Background(), 0, strings.Fields(line))
		var unpredictable *UnpredictableError
		if !errors.As(err, &unpredictable) {
			t.Errorf("%s: told (%v)", line, err)
		} else if strings.Contains(err.Error(), "secret") {
			t.Errorf("the error repeats what was typed: %v", err)
		}
	}
}

func TestKeysThatAreNotHeldAreNamed(t *testing.T) {
	s, _ := open(t, "a")
	_, err := s.Run(context.Background(), 0, []string{"MSET", "a", "1", "b", "2", "c", "3", "b", "4"})
	var missing *NotHeldError
	if !errors.As(err, &missing) || !slices.Equal(missing.Keys, []string{"b", "c"}) {
		t.Fatalf("%v", err)
	}
	if _, err := s.Run(context.Background(), 1, []string{"GET", "a"}); !errors.As(err, &missing) || missing.DB != 1 {
		t.Errorf("another database: %v", err)
	}
}

func TestKeysArePutIntoAKnownState(t *testing.T) {
	s, clock := open(t, "a", "b")
	say(s, "MSET a 1 b 2")
	deadline := clock.at.Add(time.Minute)
	if !s.SetDeadline(0, "a", deadline) || s.SetDeadline(0, "none", deadline) {
		t.Error("SetDeadline is for keys that exist")
	}
	if _, _, got := s.State(0, "a"); !got.Equal(deadline) {
		t.Errorf("a ends %v", got)
	}
	s.SetDeadline(0, "a", time.Time{})
	if got := say(s, "TTL a"); got != ":-1" {
		t.Errorf("TTL %s", got)
	}
	full := s.Bytes()
	s.Delete(0, "a")
	if exists, _, _ := s.State(0, "a"); exists || !s.Holds(0, "a") || s.Bytes() >= full {
		t.Error("a deleted key is held, and takes less")
	}
	s.Forget(0, "a", "b", "none")
	if s.Holds(0, "a") || s.Bytes() != 0 {
		t.Errorf("%d bytes after everything was forgotten", s.Bytes())
	}
	s.Delete(0, "b")
	if got := say(s, "GET b"); got != "$-1" {
		t.Errorf("a key that was forgotten and deleted: %s", got)
	}
}

func TestDatabasesAreApart(t *testing.T) {
	s, _ := open(t, "a")
	s.Delete(3, "a")
	say(s, "SET a 0")
	if reply, err := s.Run(context.Background(), 3, []string{"GET", "a"}); err != nil || string(reply) != "$-1\r\n" {
		t.Errorf("%q, %v", reply, err)
	}
	if s.Holds(1, "a") || len(s.Keys(3)) != 0 || len(s.Keys(0)) != 1 {
		t.Error("one database shows in another")
	}
}

func TestAClosedShadowTellsNothing(t *testing.T) {
	s, _ := open(t, "a")
	say(s, "SET a 1")
	s.Close()
	s.Close()
	if s.Holds(0, "a") || len(s.Keys(0)) != 0 || s.Bytes() != 0 {
		t.Error("it still holds something")
	}
	s.Delete(0, "a")
	if _, err := s.Run(context.Background(), 0, []string{"GET", "a"}); !errors.Is(err, errClosed) {
		t.Errorf("%v", err)
	}
}

func TestWhatFailsInTheLibraryLeavesItUsable(t *testing.T) {
	s, _ := open(t, "a", "x")
	say(s, "SET a 1")
	if reply := s.library.run(0, "XTRIM", "x", "MAXLEN", "="); reply != nil {
		t.Fatalf("the library has been mended: %q", reply)
	}
	s.library.mini.Lock() // as a call that fails later would leave it
	s.library.release()
	if got := say(s, "GET a"); got != "$1 1" {
		t.Errorf("%q", got)
	}
}

func TestSeveralMayAskAtOnce(t *testing.T) {
	s, _ := open(t)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			key := string(rune('a' + i%4))
			for range 50 {
				s.Delete(0, key)
				say(s, "SET "+key+" 1 EX 10")
				s.State(0, key)
				s.Keys(0)
				s.Bytes()
				s.Forget(0, key)
			}
		})
	}
	all.Wait()
	if n := s.Bytes(); n != 0 {
		t.Errorf("%d bytes remain", n)
	}
}

func TestAContextThatEndedEndsRun(t *testing.T) {
	s, _ := open(t, "a")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := s.Run(ctx, 0, []string{"GET", "a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestCopiesDoNotGrowForEver(t *testing.T) {
	s, _ := open(t, "a")
	s.bytes = maxBytes + 1
	var large *TooLargeError
	if _, err := s.Run(context.Background(), 0, []string{"SET", "a", "1"}); !errors.As(err, &large) {
		t.Errorf("%v", err)
	}
	if got := say(s, "GET a"); got != "$-1" {
		t.Errorf("reading: %s", got)
	}
}
