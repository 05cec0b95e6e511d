package guard

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/acl"
	"github.com/helix-collective/helix/internal/redistest"
)

// What the generated user may do on a server is what typed commands may do, and
// what Helix does itself: neither less nor more, command by command.
func TestTheGeneratedUserMayDoWhatIsTypedAndNoMore(t *testing.T) {
	client := redistest.Restricted(t, acl.Needs{Features: acl.All()}.Rules()).Client()
	r, err := ask(t.Context(), client, request{args: []string{"COMMAND"}})
	if err != nil {
		t.Fatal(err)
	}
	table, err := parseTable(r, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	var beyond []string
	table.each(func(c *command) {
		if len(c.subs) > 0 {
			return
		}
		may := mayRun(t, client, c)
		switch {
		case c.rule.kind == refused && may:
			beyond = append(beyond, c.name)
		case c.rule.kind == refused || slices.Contains(servedOtherwise(), c.name):
		case !may:
			t.Errorf("%s is typed, but the user may not run it", c.name)
		}
	})
	slices.Sort(beyond)
	if want := ofHelixAlone(); !slices.Equal(beyond, want) {
		t.Errorf("the user may run what is never typed:\n%v, want\n%v", beyond, want)
	}
}

// servedOtherwise are typed commands in whose place Helix sends others.
func servedOtherwise() []string { return []string{"keys", "flushall"} }

// ofHelixAlone are the commands that nobody may type and that Helix sends, and
// those that no server denies anybody (auth, hello, quit, reset).
func ofHelixAlone() []string {
	return []string{"asking", "auth", "client setname", "discard", "eval", "evalsha", "exec", "hello", "multi", "quit", "reset", "restore", "select", "unwatch", "wait", "watch"}
}

// mayRun asks the server whether the user may run a command on some key.
func mayRun(t *testing.T, client *redis.Client, c *command) bool {
	t.Helper()
	args := []any{"ACL", "DRYRUN", redistest.User}
	for _, word := range strings.Fields(c.name) {
		args = append(args, word)
	}
	for i := len(strings.Fields(c.name)); i < max(c.arity, -c.arity); i++ {
		args = append(args, "1")
	}
	if c.movable || strings.HasPrefix(c.name, "eval") || strings.HasPrefix(c.name, "fcall") {
		args = append(args, "1", "1")
	}
	answer, err := client.Do(t.Context(), args...).Text()
	if err != nil {
		t.Errorf("%v: %v", args, err)
	}
	return answer == "OK" || !strings.Contains(fmt.Sprint(answer), "no permissions")
}
