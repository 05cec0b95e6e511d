package keyspace_test

import (
	"context"
	"fmt"
	"reflect"
	"testing"

	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/keyspace"
)

func TestCountAnswersHowManyKeysAreMeant(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		fill(t, c, "session:", 1200)
		fill(t, c, "other:", 30)
		k := keyspace.New(c)
		for pattern, want := range map[string]int64{"": 1230, "session:*": 1200, "session:7": 1, "none*": 0} {
			if stats, err := k.Count(t.Context(), keyspace.Query{Pattern: pattern}); stats.Keys != want || err != nil {
				t.Errorf("%q: %+v, %v; want %d", pattern, stats, err, want)
			}
		}
	})
}

func TestCountByField(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		fill(t, c, "session:user:ann:", 30)
		fill(t, c, "session:user:bob:", 20)
		fill(t, c, "session:user::", 3)
		fill(t, c, "session:", 5)
		got, stats, err := keyspace.New(c).CountBy(t.Context(), keyspace.Query{Pattern: "session:*"}, keyspace.Field(':', 3), 2)
		want := keyspace.Groups{Groups: []keyspace.Group{{Name: "ann", Keys: 30}, {Name: "bob", Keys: 20}}, Others: 3, Without: 5}
		if !reflect.DeepEqual(got, want) || stats.Keys != 58 || err != nil {
			t.Errorf("%+v, %+v, %v; want %+v", got, stats, err, want)
		}
	})
}

func TestFields(t *testing.T) {
	for _, tt := range []struct {
		key  string
		n    int
		want string
	}{
		{"session:user:ann:1", 1, "session"},
		{"session:user:ann:1", 3, "ann"},
		{"session:user:ann", 3, "ann"},
		{"session:user:", 3, ""},
		{"session:user", 3, "-"},
		{"session", 1, "session"},
		{":", 1, ""},
		{":", 2, ""},
		{"", 2, "-"},
	} {
		got := "-"
		if field := keyspace.Field(':', tt.n)([]byte(tt.key)); field != nil {
			got = string(field)
		}
		if got != tt.want {
			t.Errorf("part %d of %q is %q, want %q", tt.n, tt.key, got, tt.want)
		}
	}
}

// Whatever the keys, nothing is lost in the sum, a group has between Keys and
// Keys+Missed, and none that is not listed is larger than the listed can say.
func TestCountByIsRightWithinWhatItSays(t *testing.T) {
	c := redistest.Any(t).Client()
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(rapid.IntRange(0, 40), 1, 200).Draw(t, "names")
		limit := rapid.IntRange(1, 30).Draw(t, "limit")
		truth := make(map[string]int64)
		if err := redistest.Flush(context.Background(), c); err != nil {
			t.Fatal(err)
		}
		pipe := c.Pipeline()
		for i, name := range names {
			pipe.Set(context.Background(), fmt.Sprintf("k:%d:%d", name, i), 1, 0)
			truth[fmt.Sprint(name)]++
		}
		if _, err := pipe.Exec(context.Background()); err != nil {
			t.Fatal(err)
		}
		got, _, err := keyspace.New(c).CountBy(context.Background(), keyspace.Query{}, keyspace.Field(':', 2), limit)
		if err != nil || len(got.Groups) > limit {
			t.Fatalf("%d groups of %d, %v", len(got.Groups), limit, err)
		}
		sum := got.Others
		for i, g := range got.Groups {
			sum += g.Keys
			if n := truth[g.Name]; n < g.Keys || n > g.Keys+g.Missed {
				t.Errorf("%+v has %d keys", g, n)
			}
			if i > 0 && got.Groups[i-1].Keys < g.Keys {
				t.Errorf("%+v stands before %+v", got.Groups[i-1], g)
			}
			if len(truth) <= 2*limit && g.Missed > 0 {
				t.Errorf("of %d groups %+v is not exact", len(truth), g)
			}
		}
		if sum != int64(len(names)) {
			t.Errorf("%d keys, want %d: %+v", sum, len(names), got)
		}
	})
}
