package aliases_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/aliases"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/register"
)

func TestAliasesAreKept(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx, s := context.Background(), aliases.Open(c)
		top := aliases.Alias{Name: "top", Line: `redis --scan | head "$1"`, By: "1", Nick: "ann", At: time.Unix(1e9, 0).UTC()}
		for _, a := range []aliases.Alias{{Name: "top", Line: "redis dbsize"}, top, {Name: "all", Line: "redis keys '*'"}} {
			if err := s.Put(ctx, a); err != nil {
				t.Fatal(err)
			}
		}
		all, err := aliases.Open(c).All(ctx) // as after a restart
		if err != nil || all["top"] != top {
			t.Errorf("top is %+v, %v", all["top"], err)
		}
		var names []string
		for _, a := range aliases.Sorted(all) {
			names = append(names, a.Name)
		}
		if !slices.Equal(names, []string{"all", "top"}) {
			t.Errorf("there are %v", names)
		}
		for _, want := range []bool{true, false} {
			if there, err := s.Remove(ctx, "top"); err != nil || there != want {
				t.Errorf("removing: %v, %v", there, err)
			}
		}
	})
}

func TestWhatIsNoAliasIsLeftOut(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx, s := context.Background(), aliases.Open(c)
		for name, record := range map[string]string{
			"later": `{"schema":2,"line":"redis dbsize"}`, "torn": `{"schema":1,"li`, "no name": `{"schema":1,"line":"x"}`,
			"none": `{"line":"x"}`, "long": `{"schema":1,"line":"` + strings.Repeat("x", aliases.MaxLine+1) + `"}`,
		} {
			c.HSet(ctx, aliases.OwnKeys()[0], name, record)
		}
		if all, err := s.All(ctx); err != nil || len(all) > 0 {
			t.Errorf("there are %v, %v", all, err)
		}
	})
}

func TestAliasesAreBounded(t *testing.T) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		ctx, s := context.Background(), aliases.Open(c)
		longest := aliases.Alias{Line: strings.Repeat("\x01", aliases.MaxLine)} // which JSON takes most bytes for
		for i := range aliases.MaxAliases {
			longest.Name = fmt.Sprint("a", i)
			if err := s.Put(ctx, longest); err != nil {
				t.Fatal(err)
			}
		}
		longest.Name = "more"
		full := (*register.FullError)(nil)
		if err := s.Put(ctx, longest); !errors.As(err, &full) {
			t.Errorf("one more: %v", err)
		}
		if all, err := s.All(ctx); err != nil || len(all) != aliases.MaxAliases {
			t.Errorf("%d are read back, %v", len(all), err)
		}
		if err := s.Put(ctx, aliases.Alias{Name: "a1", Line: strings.Repeat("x", aliases.MaxLine+1)}); err == nil {
			t.Error("a line that is too long was taken")
		}
	})
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{
		"top": true, "top-10": true, "a_b": true, "t": true, "": false, "Top": false, "1a": false, "-a": false, "a b": false, "a=b": false,
		strings.Repeat("a", 32): true, strings.Repeat("a", 33): false, "ä": false, "a\n": false,
	} {
		if aliases.IsName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}
