package register_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/register"
)

const key = "{helix}:test"

func TestRecords(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx := context.Background()
		r := register.New(c, key, register.Bounds{Records: 3, Bytes: 10})
		for _, name := range []string{"b", "a", "b"} {
			must(t, r.Put(ctx, name, "of "+name))
		}
		holds(t, r, map[string]string{"a": "of a", "b": "of b"})
		must(t, r.Put(ctx, "b", "other"))
		must(t, r.Put(ctx, "c", "x"))
		full := (*register.FullError)(nil)
		if err := r.Put(ctx, "d", "x"); !errors.As(err, &full) || full.Records != 3 {
			t.Errorf("a fourth: %v", err)
		}
		must(t, r.Put(ctx, "c", "y")) // in its own place there is room
		if err := r.Put(ctx, "c", strings.Repeat("z", 11)); err == nil {
			t.Error("a record that is too long was taken")
		}
		for _, tt := range []struct {
			was, record string
			want        bool
		}{{"x", "no", false}, {"y", "z", true}, {"y", "z", true}, {"z", "y", true}} {
			if done, err := r.Replace(ctx, "c", tt.was, tt.record); err != nil || done != tt.want {
				t.Errorf("%s in the place of %s: %v, %v", tt.record, tt.was, done, err)
			}
		}
		if done, err := r.Replace(ctx, "none", "", "x"); err != nil || done {
			t.Errorf("in the place of nothing: %v, %v", done, err)
		}
		for _, want := range []bool{true, false} {
			if there, err := r.Remove(ctx, "b"); err != nil || there != want {
				t.Errorf("removing: %v, %v", there, err)
			}
		}
		holds(t, r, map[string]string{"a": "of a", "c": "y"})
	})
}

// TestAForeignHand has what no Register writes at the key.
func TestAForeignHand(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx := context.Background()
		r := register.New(c, key, register.Bounds{Records: 3, Bytes: 10})
		must(t, c.Set(ctx, key, "no hash", 0).Err())
		holds(t, r, map[string]string{})
		if there, err := r.Remove(ctx, "a"); err != nil || there {
			t.Errorf("removing from no hash: %v, %v", there, err)
		}
		must(t, r.Put(ctx, "a", "1"))
		must(t, c.HSet(ctx, key, "long", strings.Repeat("x", 1000)).Err())
		holds(t, r, map[string]string{"a": "1"})
		for i := range 5000 {
			must(t, c.HSet(ctx, key, fmt.Sprint(i), "x").Err())
		}
		found, err := r.All(ctx)
		if err != nil || len(found) > 3 {
			t.Errorf("%d records, %v", len(found), err)
		}
	})
}

func TestAServerThatIsAway(t *testing.T) {
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1", MaxRetries: -1})
	defer c.Close()
	r := register.New(c, key, register.Bounds{Records: 3, Bytes: 10})
	if _, err := r.All(context.Background()); err == nil {
		t.Error("reading: no error")
	}
	if err := r.Put(context.Background(), "a", "b"); err == nil {
		t.Error("writing: no error")
	}
	if _, err := r.Remove(context.Background(), "a"); err == nil {
		t.Error("removing: no error")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func holds(t *testing.T, r *register.Register, want map[string]string) {
	t.Helper()
	got, err := r.All(context.Background())
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("holds %v, %v; want %v", got, err, want)
	}
}
