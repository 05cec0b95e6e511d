package sessions_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"pgregory.net/rapid"

	"github.com/helix-collective/helix/sessions"
)

// scalar draws what stands for itself in JSON.
func scalar() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"null", "true", "-0", "1e2", "1.50000000000000000001", "123456789012345678901234567890", `"last_accessed"`, `"\"last_accessed\":1}"`, `"\\"`, `"{["`, `"]}"`, `"é\u00e9"`, `""`}),
		rapid.Custom(func(t *rapid.T) string {
			text, err := json.Marshal(rapid.String().Draw(t, "text"))
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}),
	)
}

var memberNames = []string{`"last_accessed"`, `"last\u005faccessed"`, `"created_at"`, `"ip"`, `"user_id"`, `"a"`, `"\""`, `"na\u00efve"`, `"}"`, `"\\"`}

// nested draws any JSON text, to a depth.
func nested(depth int) *rapid.Generator[string] {
	return rapid.Custom(func(t *rapid.T) string {
		kind := rapid.IntRange(0, 3).Draw(t, "kind")
		if depth == 0 || kind < 2 {
			return scalar().Draw(t, "scalar")
		}
		parts := rapid.SliceOfN(nested(depth-1), 0, 3).Draw(t, "parts")
		space := rapid.SampledFrom([]string{"", " ", "\n\t"}).Draw(t, "space")
		if kind == 2 {
			return "[" + space + strings.Join(parts, space+","+space) + space + "]"
		}
		for i := range parts {
			parts[i] = rapid.SampledFrom(memberNames).Draw(t, "name") + space + ":" + space + parts[i]
		}
		return "{" + space + strings.Join(parts, space+","+space) + space + "}"
	})
}

// Whatever other software writes, a use changes the digits of its own
// last_accessed and nothing else.
func TestAUseChangesOnlyTheTimeOfUse(t *testing.T) {
	mini := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: mini.Addr(), DisableIdentity: true})
	t.Cleanup(func() { client.Close() })
	policy := usual()
	policy.BindAddress = false
	store := sessions.New(client, sessions.Fixed(policy), sessions.Options{})
	const id = "3f2a9c01-91e4-4a77-8d00-0123456789ab"
	rapid.Check(t, func(t *rapid.T) {
		now := time.Unix(1_762_500_000, 0)
		mini.SetTime(now.Add(time.Second))
		before := rapid.SliceOfN(nested(2), 0, 3).Draw(t, "before")
		after := rapid.SliceOfN(nested(2), 0, 3).Draw(t, "after")
		head, tail := "{ ", " }"
		for i, part := range before {
			head += fmt.Sprintf(`"b%d":%s,`, i, part)
		}
		head += `"last_accessed" : `
		for i, part := range after {
			tail = fmt.Sprintf(` ,"a%d": %s`, i, part) + tail
		}
		put := head + seconds(now) + tail
		client.Set(t.Context(), "session:"+id, put, time.Hour)
		s, err := store.Validate(t.Context(), id, "")
		if err != nil {
			t.Fatalf("%s: %v", put, err)
		}
		want := head + seconds(now.Add(time.Second)) + tail
		if got := client.Get(t.Context(), "session:"+id).Val(); got != want || !s.LastAccessed.Equal(now.Add(time.Second)) {
			t.Fatalf("it became\n%q\nwant\n%q", got, want)
		}
	})
}
