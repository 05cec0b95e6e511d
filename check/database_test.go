package check

import (
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

func TestADatabaseThatIsNotTheOneMeant(t *testing.T) {
	server := redistest.Standalone(t)
	client := server.Client()
	other := redis.NewClient(&redis.Options{Addr: server.Addr, DB: 1})
	t.Cleanup(func() { _ = other.Close() })
	set := func(c *redis.Client, keys ...string) {
		for _, key := range keys {
			if err := c.Set(t.Context(), key, "x", 0).Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	finds := func(want string) {
		t.Helper()
		got := Database(t.Context(), client, 0)
		if want == "" && len(got) == 0 {
			return
		}
		if len(got) != 1 || want == "" || got[0].Level != Warning || got[0].Mend == "" || !strings.Contains(got[0].Detail, want) {
			t.Errorf("it finds %+v, not %q", got, want)
		}
	}
	finds("")
	set(client, "{helix}:guild", "helix:index:x")
	finds("")
	set(other, "a", "b")
	finds("db1 (2 keys)")
	set(client, "cart:1", "cart:2")
	finds("None of the 2 keys looked at is a session")
	set(client, "session:1")
	finds("")
	server.Kill()
	finds("")
}
