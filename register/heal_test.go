package register_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/register"
)

func open(c redis.UniversalClient) *register.Register {
	return register.New(c, key, register.Bounds{Records: 10, Bytes: 100, Schema: 1})
}

// losses are the ways in which what stands at a key is lost.
func losses(c redis.UniversalClient) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"evicted":      func(ctx context.Context) error { return c.Del(ctx, key).Err() },
		"flushed":      func(ctx context.Context) error { return redistest.Flush(ctx, c) },
		"another type": func(ctx context.Context) error { return c.Set(ctx, key, "garbage", 0).Err() },
		"a list": func(ctx context.Context) error {
			return errors.Join(c.Del(ctx, key).Err(), c.RPush(ctx, key, "x").Err())
		},
		"a field gone":     func(ctx context.Context) error { return c.HDel(ctx, key, "a").Err() },
		"no revision":      func(ctx context.Context) error { return c.HDel(ctx, key, "@revision").Err() },
		"neither mark":     func(ctx context.Context) error { return c.HDel(ctx, key, "@revision", "@id", "b").Err() },
		"no id":            func(ctx context.Context) error { return c.HDel(ctx, key, "@id", "a").Err() },
		"a record damaged": func(ctx context.Context) error { return c.HSet(ctx, key, "b", "\x00\xff").Err() },
		"odd revisions": func(ctx context.Context) error {
			return c.HSet(ctx, key, "@revision", "007", "@id", strings.Repeat("x", 100), "a", "2").Err()
		},
	}
}

func TestWhatRedisLosesIsStoredAgain(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx := context.Background()
		for name, lose := range losses(c) {
			must(t, redistest.Flush(ctx, c))
			r := open(c)
			must(t, r.Put(ctx, "a", "1"))
			must(t, r.Put(ctx, "b", "2"))
			must(t, lose(ctx))
			if lost, err := r.Heal(ctx); err != nil || !lost {
				t.Errorf("%s: lost %v, %v", name, lost, err)
			}
			if lost, err := r.Heal(ctx); err != nil || lost {
				t.Errorf("%s: lost %v once more, %v", name, lost, err)
			}
			holds(t, open(c), map[string]string{"a": "1", "b": "2"})
			must(t, lose(ctx))
			must(t, r.Put(ctx, "c", "3")) // without a look in between
			holds(t, open(c), map[string]string{"a": "1", "b": "2", "c": "3"})
		}
	})
}

// TestNothingComesBackThatWasRemoved has one instance remove a record that another
// one still remembers when Redis loses everything.
func TestNothingComesBackThatWasRemoved(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx, one, other := context.Background(), open(c), open(c)
		must(t, one.Put(ctx, "a", "1"))
		must(t, one.Put(ctx, "b", "2"))
		holds(t, other, map[string]string{"a": "1", "b": "2"})
		if there, err := one.Remove(ctx, "a"); err != nil || !there {
			t.Fatalf("removing: %v, %v", there, err)
		}
		must(t, redistest.Flush(ctx, c))
		holds(t, other, map[string]string{"a": "1", "b": "2"}) // which does not know yet
		holds(t, one, map[string]string{"b": "2"})
		holds(t, other, map[string]string{"b": "2"})
		if there, err := one.Remove(ctx, "b"); err != nil || !there {
			t.Fatalf("removing the last: %v, %v", there, err)
		}
		must(t, redistest.Flush(ctx, c))
		holds(t, one, map[string]string{})
		holds(t, other, map[string]string{})
	})
}

// TestAFailoverThatLosesTheLastChange gives two instances different changes of one
// number: the one that Redis has is in force.
func TestAFailoverThatLosesTheLastChange(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx, one, other := context.Background(), open(c), open(c)
		must(t, one.Put(ctx, "a", "1"))
		holds(t, other, map[string]string{"a": "1"})
		before := c.HGetAll(ctx, key).Val()
		must(t, one.Put(ctx, "a", "2"))
		must(t, c.Del(ctx, key).Err())
		must(t, c.HSet(ctx, key, before).Err())
		must(t, other.Put(ctx, "b", "3"))
		holds(t, one, map[string]string{"a": "1", "b": "3"})
		must(t, one.Put(ctx, "a", "4"))
		must(t, c.Del(ctx, key).Err())
		must(t, c.HSet(ctx, key, before).Err())
		holds(t, one, map[string]string{"a": "4", "b": "3"}) // it never goes back
		holds(t, other, map[string]string{"a": "4", "b": "3"})
	})
}

func TestALaterReleaseKeepsItsOwnBooks(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx, r := context.Background(), open(c)
		must(t, r.Put(ctx, "a", `{"schema":1}`))
		must(t, c.HSet(ctx, key, "new", `{"schema":2,"x":1}`).Err())
		there := map[string]string{"a": `{"schema":1}`, "new": `{"schema":2,"x":1}`}
		holds(t, r, there)
		newer := (*register.NewerError)(nil)
		if err := r.Put(ctx, "b", "x"); !errors.As(err, &newer) || !strings.Contains(err.Error(), "update this instance") {
			t.Errorf("putting: %v", err)
		}
		if _, err := r.Replace(ctx, "a", `{"schema":1}`, "x"); !errors.As(err, &newer) {
			t.Errorf("replacing: %v", err)
		}
		if _, err := r.Remove(ctx, "a"); !errors.As(err, &newer) {
			t.Errorf("removing: %v", err)
		}
		must(t, c.HSet(ctx, key, "@revision", 1, "@id", "another").Err())
		holds(t, r, there)
		must(t, c.Del(ctx, key).Err())
		if lost, err := r.Heal(ctx); err != nil || lost || c.Exists(ctx, key).Val() != 0 {
			t.Errorf("what a later release had was stored again: %v, %v", lost, err)
		}
	})
}

// TestManyChangeAtOnce has each of several instances make its changes while Redis
// loses everything now and then.
func TestManyChangeAtOnce(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx, watcher := context.Background(), open(c)
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				r := open(c)
				for n := range 8 {
					if err := r.Put(ctx, fmt.Sprint("of ", i), fmt.Sprint(n)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		want := map[string]string{"of 0": "7", "of 1": "7", "of 2": "7"}
		holds(t, watcher, want)
		must(t, redistest.Flush(ctx, c))
		holds(t, watcher, want)
	})
}

func TestAServerThatTakesNothing(t *testing.T) {
	s := redistest.Standalone(t)
	ctx, c := t.Context(), s.Client()
	r := open(c)
	must(t, r.Put(ctx, "a", "1"))
	must(t, redistest.Flush(ctx, c))
	must(t, c.ReplicaOf(ctx, "127.0.0.1", "1").Err())
	holds(t, r, map[string]string{"a": "1"})
	if err := r.Put(ctx, "b", "2"); !redis.IsReadOnlyError(err) {
		t.Errorf("putting: %v", err)
	}
	if _, err := r.Heal(ctx); !redis.IsReadOnlyError(err) {
		t.Errorf("healing: %v", err)
	}
	must(t, c.ReplicaOf(ctx, "NO", "ONE").Err())
	must(t, r.Put(ctx, "b", "2"))
	holds(t, open(c), map[string]string{"a": "1", "b": "2"})
}
