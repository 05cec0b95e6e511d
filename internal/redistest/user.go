package redistest

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/acl"
)

// Rules is the environment variable with the ACL rules of a user whom the
// addresses of all servers name then, so that whole suites run with these
// rights and no more. What the user was refused fails the test.
// AllRules stands for those that `helix check --acl=all` prints.
const (
	Rules    = "HELIX_REDIS_RULES"
	AllRules = "all"
)

// User and its password are who the addresses of restricted servers name, Owner
// who may do everything on one that Restricted started.
const (
	User     = "helix"
	Owner    = "owner"
	Password = "pass"
)

// Restricted starts a redis-server that lets in the User, with these ACL rules,
// and the test's own client, as Owner; the default user is off.
func Restricted(t testing.TB, rules []string, args ...string) *Server {
	t.Helper()
	s := start(t, append(restricted(rules), args...)...)
	s.user, s.owner = User, Owner
	return s
}

func restricted(rules []string) []string {
	return slices.Concat(
		[]string{"--user", User, "on", ">" + Password}, rules,
		[]string{"--user", Owner, "on", ">" + Password, "~*", "&*", "+@all"},
		[]string{"--user", "default", "off"})
}

// byEnvironment answers the arguments that give a server the user of Rules.
func byEnvironment() (args []string, user string) {
	rules := strings.Fields(os.Getenv(Rules))
	if len(rules) == 0 {
		return nil, ""
	}
	if rules[0] == AllRules {
		rules = acl.Needs{Features: acl.All()}.Rules()
	}
	return slices.Concat([]string{"--user", User, "on", ">" + Password}, rules), User
}

// Refusals answers what a user was refused, from the server's ACL LOG.
func (s *Server) Refusals(user string) []string {
	s.t.Helper()
	entries, err := s.Client().ACLLog(context.Background(), 100).Result()
	if err != nil {
		s.t.Fatal(fmt.Errorf("read the ACL log: %w", err))
	}
	var refused []string
	for _, e := range entries {
		if e.Username == user {
			refused = append(refused, e.Reason+" "+e.Object+" ("+e.Context+")")
		}
	}
	return refused
}

// Used answers the commands that the server was sent, from scripts as well: "get",
// "config|get". What a test's own client sends counts too.
func (s *Server) Used() map[string]bool {
	s.t.Helper()
	text, err := s.Client().Info(context.Background(), "commandstats").Result()
	if err != nil {
		s.t.Fatal(fmt.Errorf("read which commands were used: %w", err))
	}
	used := make(map[string]bool)
	for line := range strings.Lines(text) {
		name, figures, _ := strings.Cut(strings.TrimPrefix(line, "cmdstat_"), ":")
		if name != line && !strings.HasPrefix(figures, "calls=0,") {
			used[name] = true
		}
	}
	return used
}

// reportRefusals fails the test with what the User was refused, if the server is
// there to be asked.
func (s *Server) reportRefusals() {
	if !s.answers(context.Background()) {
		return
	}
	for _, refused := range s.Refusals(User) {
		s.t.Errorf("the user of %s was refused: %s", Rules, refused)
	}
}

// userInfo begins an address that names a user.
func userInfo(user string) string {
	if user == "" {
		return ""
	}
	return user + ":" + Password + "@"
}

// credentials are those that a test's own client needs.
func (s *Server) credentials(o *redis.Options) *redis.Options {
	if s.owner != "" {
		o.Username, o.Password = s.owner, Password
	}
	return o
}
