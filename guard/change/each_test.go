package change_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/journal"
)

// sweepOf is a step of one command over keys.
func sweepOf(fate change.Key, names []string, argv ...string) change.Step {
	s := change.Step{Argv: argv, Each: true}
	for _, name := range names {
		fate.Name = name
		s.Keys = append(s.Keys, fate)
	}
	return s
}

// sweeps are steps of every kind that a script may make, or has to leave to
// others, each over some of the keys.
func sweeps(random *rand.Rand, names func() []string) change.Step {
	switch random.IntN(5) {
	case 0:
		return sweepOf(change.Key{Ends: true}, names(), "UNLINK", "")
	case 1:
		s := sweepOf(change.Key{Ends: true}, names(), "UNLINK", "")
		s.Together = true
		return s
	case 2:
		return sweepOf(change.Key{Lives: 2 * time.Hour}, names(), "EXPIRE", "", "7200")
	case 3:
		return sweepOf(change.Key{Lives: time.Minute}, names(), "EXPIRE", "", "60", "NX")
	}
	return sweepOf(change.Key{}, names(), "PERSIST", "")
}

// mixed fills a server with n keys of several types, lengths and times to live.
func mixed(t *testing.T, c redis.UniversalClient, n int) (names []string) {
	t.Helper()
	pipe := c.Pipeline()
	for i := range n {
		name := "k" + strconv.Itoa(i)
		switch {
		case i%50 == 7:
			pipe.HSet(t.Context(), name, "f", i)
		case i%90 == 8:
			pipe.Set(t.Context(), name, strings.Repeat("long", 5000), 0)
		case i%3 == 0:
			pipe.Set(t.Context(), name, i, time.Hour)
		default:
			pipe.Set(t.Context(), name, i, 0)
		}
		names = append(names, name)
	}
	if _, err := pipe.Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	return append(names, "missing", "missing too")
}

// singly answers what the commands that a sweep stands for reply one by one.
func singly(t *testing.T, c redis.UniversalClient, s change.Step) (replies []string) {
	t.Helper()
	for _, k := range s.Keys {
		argv := []any{s.Argv[0], k.Name}
		for _, w := range s.Argv[2:] {
			argv = append(argv, w)
		}
		n, err := c.Do(t.Context(), argv...).Int()
		if err != nil {
			t.Fatal(err)
		}
		replies = append(replies, fmt.Sprintf(":%d\r\n", n))
	}
	return replies
}

// TestASweepIsWhatItsCommandsAre makes the same sweeps and single commands on
// two databases, and compares replies and keys; then it takes the sweeps back.
func TestASweepIsWhatItsCommandsAre(t *testing.T) {
	server := redistest.Standalone(t, "--enable-debug-command", "local").Client()
	for _, kept := range []bool{true, false} {
		for seed := range uint64(4) {
			server.FlushAll(t.Context())
			o := *server.Options()
			o.DB = 1
			other := redis.NewClient(&o)
			names := mixed(t, server, 1500)
			mixed(t, other, 1500)
			before := keyspace(t, server)
			random := rand.New(rand.NewPCG(seed, 2))
			j, memory := change.Journal(nil), &memory{}
			if kept {
				j = memory
			}
			var want []string
			var steps []change.Step
			for range 6 {
				s := sweeps(random, func() []string { return someOf(random, names) })
				replies := singly(t, other, s)
				if s.Together {
					replies = []string{sum(replies)}
				}
				want, steps = append(want, replies...), append(steps, s)
			}
			got := repliesTo(t, server, j, steps)
			if !slices.Equal(got, want) {
				t.Fatalf("kept %t, seed %d: the replies are not those of single commands: %s", kept, seed, firstOther(got, want))
			}
			if differs := otherKey(keyspace(t, server), keyspace(t, other)); differs != "" {
				t.Fatalf("kept %t, seed %d: the keys are not those that single commands leave: %s", kept, seed, differs)
			}
			other.Close()
			if !kept {
				continue
			}
			takeAllBack(t, server, memory)
			if differs := otherKey(keyspace(t, server), before); differs != "" {
				t.Errorf("seed %d: taken back, %s", seed, differs)
			}
		}
	}
}

// firstOther tells where two lists differ.
func firstOther(got, want []string) string {
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			return fmt.Sprintf("number %d of %d is %q, want %q", i, len(want), got[i], want[i])
		}
	}
	return fmt.Sprintf("there are %d, want %d", len(got), len(want))
}

// otherKey tells of a key that differs; "" if none does. Two that end in
// neighbouring steps of ten seconds are the same: the keys were set one after
// another.
func otherKey(is, should map[string]string) string {
	for name, want := range should {
		if !sameButMoments(is[name], want) {
			return fmt.Sprintf("%s is %q, want %q", name, is[name], want)
		}
	}
	if len(is) != len(should) {
		return fmt.Sprintf("there are %d, want %d", len(is), len(should))
	}
	return ""
}

func sameButMoments(is, want string) bool {
	sum, end, _ := strings.Cut(is, " ")
	wantSum, wantEnd, _ := strings.Cut(want, " ")
	at, err := time.ParseDuration(end)
	wantAt, wantErr := time.ParseDuration(wantEnd)
	if err != nil || wantErr != nil || at <= 0 || wantAt <= 0 {
		return is == want
	}
	return sum == wantSum && (at-wantAt).Abs() <= 10*time.Second
}

func someOf(random *rand.Rand, names []string) []string {
	from := random.IntN(len(names) / 2)
	some := slices.Clone(names[from : from+1+random.IntN(len(names)-from-1)])
	return append(some, "never there")
}

func sum(replies []string) string {
	n := 0
	for _, r := range replies {
		n += int(r[1] - '0')
	}
	return fmt.Sprintf(":%d\r\n", n)
}

func repliesTo(t *testing.T, c redis.UniversalClient, j change.Journal, steps []change.Step) (replies []string) {
	t.Helper()
	o := options(t, c, j)
	o.Memory = 15 * time.Minute
	e := change.New(o)
	defer e.Close()
	err := e.Run(t.Context(), from(steps), func(d change.Done) error {
		for _, r := range d.Replies {
			replies = append(replies, string(r))
		}
		if d.Reply != nil {
			replies = append(replies, string(d.Reply))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return replies
}

func takeAllBack(t *testing.T, c redis.UniversalClient, m *memory) {
	t.Helper()
	err := run(t, c, &memory{}, from(m.backwards(change.NewUndoing(false))), func(d change.Done) error {
		if v := *d.Step.Note.(*change.Verdict); v == change.Since || v == change.Unkept {
			return fmt.Errorf("%s: verdict %d", d.Step.Keys[0].Name, v)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// keptThenWritten is a journal in which others change keys right after these were kept.
type keptThenWritten struct {
	memory
	meddle func(names []string) error
}

func (m *keptThenWritten) Before(batches ...[]journal.Image) error {
	var names []string
	for _, b := range batches {
		for _, image := range b {
			names = append(names, string(image.Name))
		}
	}
	return errors.Join(m.memory.Before(batches...), m.meddle(names))
}

// TestASweepKeepsWhatOthersWroteMeanwhile has others write, retime, delete and
// make keys between the look at them and the change: what is taken back is theirs.
func TestASweepKeepsWhatOthersWroteMeanwhile(t *testing.T) {
	for name, step := range map[string]func(names []string) change.Step{
		"unlink": func(names []string) change.Step { return sweepOf(change.Key{Ends: true}, names, "UNLINK", "") },
		"brief": func(names []string) change.Step {
			return sweepOf(change.Key{Lives: time.Minute}, names, "EXPIRE", "", "60")
		},
		"lasting": func(names []string) change.Step {
			return sweepOf(change.Key{Lives: 2 * time.Hour}, names, "EXPIRE", "", "7200")
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := redistest.Standalone(t).Client()
			var names []string
			for i := range 900 {
				names = append(names, "k"+strconv.Itoa(i))
				c.Set(t.Context(), names[i], "ours", 0)
			}
			names = append(names, "new")
			left := 20
			j := &keptThenWritten{meddle: func(names []string) error {
				if left--; left < 0 {
					return nil
				}
				return meddle(context.Background(), c, names[left%len(names):])
			}}
			replies := repliesTo(t, c, j, []change.Step{step(names)})
			if len(replies) != len(names) {
				t.Fatalf("%d replies to %d commands", len(replies), len(names))
			}
			takeAllBack(t, c, &j.memory)
			for i, name := range names {
				checkMeddled(t, c, name, i)
			}
		})
	}
}

// meddle writes some of the keys, and notes in another database what it wrote.
func meddle(ctx context.Context, c redis.UniversalClient, names []string) error {
	for i, name := range names[:min(len(names), 4)] {
		var err error
		switch i {
		case 0:
			err = errors.Join(c.Set(ctx, name, "theirs", 0).Err(), c.HSet(ctx, "theirs", name, "theirs").Err())
		case 1:
			err = errors.Join(c.Del(ctx, name).Err(), c.HSet(ctx, "theirs", name, "").Err())
		case 2:
			err = errors.Join(c.Set(ctx, name, "timed", 50*time.Hour).Err(), c.HSet(ctx, "theirs", name, "timed").Err())
		case 3:
			err = errors.Join(c.Del(ctx, name).Err(), c.RPush(ctx, name, "a").Err(), c.HSet(ctx, "theirs", name, "list").Err())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func checkMeddled(t *testing.T, c redis.UniversalClient, name string, i int) {
	t.Helper()
	want, err := c.HGet(t.Context(), "theirs", name).Result()
	if err != nil && i < 900 {
		want = "ours"
	}
	typ := c.Type(t.Context(), name).Val()
	got := c.Get(t.Context(), name).Val()
	if typ == "list" {
		got = "list"
	}
	ttl := c.TTL(t.Context(), name).Val()
	if got != want || (ttl > 0) != (want == "timed") || ttl > 0 && ttl < 49*time.Hour {
		t.Errorf("%s is %q for %v, want %q", name, got, ttl, want)
	}
}

// TestASweepNeedsNoScripts makes sweeps as a user who may not run scripts.
func TestASweepNeedsNoScripts(t *testing.T) {
	c := redistest.Standalone(t, "--enable-debug-command", "local").Client()
	if err := c.Do(t.Context(), "ACL", "SETUSER", "plain", "on", ">word", "~*", "+@all", "-@scripting").Err(); err != nil {
		t.Fatal(err)
	}
	o := *c.Options()
	o.Username, o.Password = "plain", "word"
	plain := redis.NewClient(&o)
	defer plain.Close()
	names := mixed(t, c, 700)
	before := keyspace(t, c)
	j := &memory{}
	replies := repliesTo(t, plain, j, []change.Step{
		sweepOf(change.Key{Lives: 2 * time.Hour}, names, "EXPIRE", "", "7200"),
		sweepOf(change.Key{Ends: true}, names, "UNLINK", ""),
	})
	if want := 2 * len(names); len(replies) != want || replies[0] != ":1\r\n" || replies[want-1] != ":0\r\n" {
		t.Errorf("%d replies, the first %q, the last %q", len(replies), replies[0], replies[len(replies)-1])
	}
	if n := c.DBSize(t.Context()).Val(); n != 0 {
		t.Errorf("%d keys are left", n)
	}
	takeAllBack(t, c, j)
	if differs := otherKey(keyspace(t, c), before); differs != "" {
		t.Errorf("taken back, %s", differs)
	}
}

// TestASweepThatTheServerRefusesSaysSoForEachKey has a user who may change only
// some of the keys.
func TestASweepThatTheServerRefusesSaysSoForEachKey(t *testing.T) {
	c := redistest.Standalone(t).Client()
	if err := c.Do(t.Context(), "ACL", "SETUSER", "half", "on", ">word", "~a*", "~{helix}:*", "%R~b*", "+@all").Err(); err != nil {
		t.Fatal(err)
	}
	o := *c.Options()
	o.Username, o.Password = "half", "word"
	half := redis.NewClient(&o)
	defer half.Close()
	names := []string{"a1", "b1", "a2", "b2"}
	for _, name := range names {
		c.Set(t.Context(), name, "x", 0)
	}
	replies := repliesTo(t, half, nil, []change.Step{sweepOf(change.Key{Lives: 2 * time.Hour}, names, "EXPIRE", "", "7200")})
	for i, r := range replies {
		if allowed := names[i][0] == 'a'; allowed != (r == ":1\r\n") || !allowed && !strings.HasPrefix(r, "-NOPERM") {
			t.Errorf("%s: %q", names[i], r)
		}
	}
	if len(replies) != len(names) {
		t.Errorf("%d replies", len(replies))
	}
}

// TestASweepIsRefusedInTheServersWords has a server that cannot save refuse one.
func TestASweepIsRefusedInTheServersWords(t *testing.T) {
	c := cannotSave(t)
	plain := c.Unlink(t.Context(), "k1").Err()
	e := change.New(options(t, c, &memory{}))
	defer e.Close()
	err := e.Run(t.Context(), from([]change.Step{sweepOf(change.Key{Ends: true}, []string{"k1", "k2"}, "UNLINK", "")}), func(change.Done) error { return nil })
	var refused *change.RefusedError
	if !errors.As(err, &refused) || plain == nil || refused.Why.Text != plain.Error() {
		t.Errorf("%v; a single UNLINK: %v", err, plain)
	}
}

// failing is a journal that takes no more after some batches.
type failing struct {
	memory
	left int
}

var errFull = errors.New("no room")

func (f *failing) Before(batches ...[]journal.Image) error {
	if f.left--; f.left < 0 {
		return errFull
	}
	return f.memory.Before(batches...)
}

// TestASweepThatEndsInTheMiddleTellsOfItsPart holds that each command that was
// made is told of, and no other. A Cluster is given none.
func TestASweepThatEndsInTheMiddleTellsOfItsPart(t *testing.T) {
	redistest.EachSingle(t, func(t *testing.T, c *redis.Client) {
		var names []string
		for i := range 3000 {
			names = append(names, "k"+strconv.Itoa(i))
			c.Set(t.Context(), names[i], i, 0)
		}
		e := change.New(options(t, c, &failing{left: 2}))
		defer e.Close()
		told := make(map[string]bool)
		err := e.Run(t.Context(), from([]change.Step{sweepOf(change.Key{Ends: true}, names, "UNLINK", "")}), func(d change.Done) error {
			if !d.Partly || len(d.Replies) != len(d.Step.Keys) {
				t.Errorf("partly %t, %d replies for %d keys", d.Partly, len(d.Replies), len(d.Step.Keys))
			}
			for _, k := range d.Step.Keys {
				told[k.Name] = true
			}
			return nil
		})
		if !errors.Is(err, errFull) || len(told) == 0 || len(told) == len(names) {
			t.Fatalf("%d keys, %v", len(told), err)
		}
		for _, name := range names {
			if gone := c.Exists(t.Context(), name).Val() == 0; gone != told[name] {
				t.Fatalf("%s is gone: %t, told: %t", name, gone, told[name])
			}
		}
	})
}
