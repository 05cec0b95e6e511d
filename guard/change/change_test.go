package change_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/journal"
)

// memory is a journal that forgets.
type memory struct {
	entries [][]change.Entry
	open    [][]journal.Image
}

func (m *memory) Before(batches ...[]journal.Image) error { m.open = batches; return nil }

func (m *memory) After(states []journal.State) error {
	var list []change.Entry
	for i, image := range m.open[0] {
		list = append(list, change.Entry{Before: image, After: states[i]})
	}
	m.entries, m.open = append(m.entries, list), m.open[1:]
	return nil
}

func (m *memory) Mark(string) error { return nil }

// backwards answers the steps that take everything back.
func (m *memory) backwards(u *change.Undoing) []change.Step {
	var steps []change.Step
	for _, batch := range slices.Backward(m.entries) {
		for _, e := range batch {
			if e.Void() {
				continue
			}
			steps = append(steps, u.Step(e))
		}
	}
	return steps
}

func from(steps []change.Step) func() (change.Step, bool, error) {
	return func() (change.Step, bool, error) {
		if len(steps) == 0 {
			return change.Step{}, false, nil
		}
		s := steps[0]
		steps = steps[1:]
		return s, true, nil
	}
}

func options(t *testing.T, c redis.UniversalClient, j change.Journal) change.Options {
	t.Helper()
	c = redistest.Again(t, c, 2)
	return change.Options{Client: func(int) (redis.UniversalClient, error) { return c, nil }, Journal: j, ID: "test"}
}

// run carries out steps on a fresh engine.
func run(t *testing.T, c redis.UniversalClient, j change.Journal, next func() (change.Step, bool, error), done func(change.Done) error) error {
	t.Helper()
	e := change.New(options(t, c, j))
	defer e.Close()
	return e.Run(t.Context(), next, done)
}

func TestEveryStepIsMadeOnceAndInOrder(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		var steps []change.Step
		for i := range 3000 {
			steps = append(steps, change.Step{
				Argv: []string{"RPUSH", "list:" + strconv.Itoa(i%7), strconv.Itoa(i)},
				Keys: []change.Key{{Name: "list:" + strconv.Itoa(i%7), Alters: true}},
			})
		}
		n, lengths := 0, make(map[string]int)
		err := run(t, c, nil, from(steps), func(d change.Done) error {
			name := d.Step.Keys[0].Name
			lengths[name]++
			if want := fmt.Sprintf(":%d\r\n", lengths[name]); string(d.Reply) != want {
				return fmt.Errorf("step %d answers %q, want %q", n, d.Reply, want)
			}
			n++
			return nil
		})
		if err != nil || n != 3000 {
			t.Errorf("%d steps, %v", n, err)
		}
	})
}

// keyspace tells all keys with their digests and when they end.
func keyspace(t *testing.T, c redis.UniversalClient) map[string]string {
	t.Helper()
	ctx := context.Background()
	keys, err := c.Keys(ctx, "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, k := range keys {
		if k == "{helix}:change:test" {
			continue
		}
		digest, err := c.Do(ctx, "DEBUG", "DIGEST-VALUE", k).StringSlice()
		if err != nil {
			t.Fatal(err)
		}
		ends := c.PExpireTime(ctx, k).Val()
		if ends > 0 {
			ends = ends.Round(10 * time.Second)
		}
		all[k] = digest[0] + " " + ends.String()
	}
	return all
}

func TestWhatWasChangedCanBeTakenBack(t *testing.T) {
	c := redistest.Standalone(t, "--enable-debug-command", "local").Client()
	for seed := range uint64(20) {
		random := rand.New(rand.NewPCG(seed, 1))
		c.FlushDB(t.Context())
		fillRandomly(t, c, random)
		before := keyspace(t, c)
		j := &memory{}
		if err := run(t, c, j, from(randomSteps(random, 400)), func(change.Done) error { return nil }); err != nil {
			t.Fatal(err)
		}
		if changed := keyspace(t, c); fmt.Sprint(changed) == fmt.Sprint(before) {
			t.Fatal("nothing was changed")
		}
		if err := run(t, c, &memory{}, from(j.backwards(change.NewUndoing(false))), func(d change.Done) error {
			if v := *d.Step.Note.(*change.Verdict); v == change.Since || v == change.Unkept {
				return fmt.Errorf("%s: verdict %d", d.Step.Keys[0].Name, v)
			}
			return nil
		}); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		after := keyspace(t, c)
		for k, v := range before {
			if after[k] != v {
				t.Errorf("seed %d: %s is %s, was %s", seed, k, after[k], v)
			}
		}
		if len(after) != len(before) {
			t.Errorf("seed %d: %d keys, were %d", seed, len(after), len(before))
		}
	}
}

func fillRandomly(t *testing.T, c redis.UniversalClient, random *rand.Rand) {
	t.Helper()
	if err := run(t, c, nil, from(randomSteps(random, 200)), func(change.Done) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

func randomSteps(random *rand.Rand, n int) []change.Step {
	var steps []change.Step
	for range n {
		k := "k" + strconv.Itoa(random.IntN(40))
		v := strconv.Itoa(random.IntN(1000))
		var argv []string
		keys := []change.Key{{Name: k, Alters: true}}
		switch random.IntN(14) {
		case 0:
			argv = []string{"SET", k, v}
		case 1:
			argv = []string{"SET", k, fmt.Sprintf(`{"user_id":"%s","ip":"198.51.100.7","created_at":1762500000.5,"last_accessed":1762500000.5}`, v)}
		case 2:
			argv, keys[0].Alters = []string{"DEL", k}, false
		case 3:
			argv, keys[0].Alters = []string{"EXPIRE", k, strconv.Itoa(1000 * (1 + random.IntN(90)))}, false
		case 4:
			argv, keys[0].Alters = []string{"PERSIST", k}, false
		case 5:
			argv = []string{"LPUSH", "l" + k, v}
		case 6:
			argv = []string{"SADD", "s" + k, v, v + "x"}
		case 7:
			argv = []string{"HSET", "h" + k, v, v}
		case 8:
			argv = []string{"ZADD", "z" + k, v, v}
		case 9:
			argv = []string{"INCR", "n" + k}
		case 10:
			argv = []string{"APPEND", k, v}
		case 11:
			argv = []string{"SPOP", "s" + k}
		case 12:
			other := "k" + strconv.Itoa(random.IntN(40))
			argv = []string{"RENAME", k, other}
			keys = append(keys, change.Key{Name: other, Alters: true})
			keys[0].Alters = k == other
			if k == other {
				keys = keys[:1]
			}
		case 13:
			argv = []string{"XADD", "x" + k, "*", "f", v}
		}
		if len(argv[1]) > 0 && argv[0] != "RENAME" {
			keys[0].Name = argv[1]
		}
		steps = append(steps, change.Step{Argv: argv, Keys: keys})
	}
	return steps
}
