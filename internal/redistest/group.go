package redistest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"
)

// group is servers of one topology that tests have one after the other.
type group struct {
	cluster           bool
	url               string
	open              func(testing.TB) redis.UniversalClient
	masters, replicas []*Server
	noted             map[*Server]manner // when it was new
}

// manner is what a test may change of a server beside its data.
type manner struct {
	config map[string]string
	users  []string // and their rules, as ACL LIST has them
}

// unhurried is how long servers that tests share may be silent before others take
// their place: nobody ends them, but the machine may be busy.
const unhurried = "60000"

func startSentinel(t testing.TB) *group {
	t.Helper()
	s := Sentinel(t)
	for _, one := range s.Sentinels {
		client := one.asSentinel()
		err := client.Set(context.Background(), MasterName, "down-after-milliseconds", unhurried).Err()
		client.Close()
		if err != nil {
			t.Fatal(fmt.Errorf("have a Sentinel be patient: %w", err))
		}
	}
	open := func(t testing.TB) redis.UniversalClient { return s.client(t) }
	return &group{url: s.URL(), open: open, masters: []*Server{s.Master}, replicas: s.Replicas}
}

func startCluster(t testing.TB) *group {
	t.Helper()
	c := Cluster(t)
	open := func(t testing.TB) redis.UniversalClient { return c.client(t) }
	g := &group{cluster: true, url: c.URL(), open: open, masters: c.Masters, replicas: c.Replicas}
	err := g.each(func(ctx context.Context, s *Server, client *redis.Client) error {
		return client.ConfigSet(ctx, "cluster-node-timeout", unhurried).Err()
	})
	if err != nil {
		t.Fatal(fmt.Errorf("have a Cluster be patient: %w", err))
	}
	return g
}

// each does something on all servers at once, and is done in startTimeout.
func (g *group) each(do func(context.Context, *Server, *redis.Client) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	all := slices.Concat(g.masters, g.replicas)
	errs := make([]error, len(all))
	var waiting sync.WaitGroup
	for i, s := range all {
		waiting.Go(func() {
			client := redis.NewClient(s.credentials(&redis.Options{
				Addr: s.Addr, ReadTimeout: startTimeout, DisableIdentity: true, MaintNotificationsConfig: quiet(),
			}))
			defer client.Close()
			if err := do(ctx, s, client); err != nil {
				errs[i] = fmt.Errorf("%s: %w", s.Addr, err)
			}
		})
	}
	waiting.Wait()
	return errors.Join(errs...)
}

// note keeps how the servers are, for restore.
func (g *group) note(t testing.TB) {
	t.Helper()
	var mu sync.Mutex
	g.noted = make(map[*Server]manner)
	err := g.each(func(ctx context.Context, s *Server, client *redis.Client) error {
		m, err := mannerOf(ctx, client)
		mu.Lock()
		defer mu.Unlock()
		g.noted[s] = m
		return err
	})
	if err != nil {
		t.Fatal(fmt.Errorf("note how servers are: %w", err))
	}
}

func mannerOf(ctx context.Context, client *redis.Client) (manner, error) {
	config, err := client.ConfigGet(ctx, "*").Result()
	if err != nil {
		return manner{}, err
	}
	users, err := client.ACLList(ctx).Result()
	return manner{config, users}, err
}

// restore makes the servers as they were when noted, and empties them. It fails if
// another has become master.
func (g *group) restore() error {
	if err := g.each(g.restoreManner); err != nil {
		return err
	}
	return g.each(func(ctx context.Context, s *Server, client *redis.Client) error {
		if slices.Contains(g.replicas, s) {
			return client.ScriptFlush(ctx).Err()
		}
		return emptyMaster(ctx, client, len(g.replicas)/len(g.masters))
	})
}

// restoreManner takes back what a test changed of a server's configuration and users,
// and has it count anew.
func (g *group) restoreManner(ctx context.Context, s *Server, client *redis.Client) error {
	was := g.noted[s]
	now, err := mannerOf(ctx, client)
	if err != nil {
		return err
	}
	for name, value := range now.config {
		if value != was.config[name] {
			err = errors.Join(err, client.ConfigSet(ctx, name, was.config[name]).Err())
		}
	}
	err = errors.Join(err, restoreUsers(ctx, client, was.users, now.users))
	for _, reset := range [][]any{{"CONFIG", "RESETSTAT"}, {"SLOWLOG", "RESET"}, {"LATENCY", "RESET"}, {"ACL", "LOG", "RESET"}} {
		err = errors.Join(err, client.Do(ctx, reset...).Err())
	}
	return err
}

// restoreUsers gives users the rules that they had, and takes those away that are
// new. A line of ACL LIST is "user", a name, and rules.
func restoreUsers(ctx context.Context, client *redis.Client, was, now []string) error {
	var errs []error
	for _, line := range now {
		if name := strings.Fields(line)[1]; !slices.ContainsFunc(was, isOf(name)) {
			errs = append(errs, client.Do(ctx, "ACL", "DELUSER", name).Err())
		}
	}
	for _, line := range was {
		if !slices.Contains(now, line) {
			words := []any{"ACL", "SETUSER", strings.Fields(line)[1], "resetpass", "resetkeys", "resetchannels", "nocommands"}
			for _, rule := range strings.Fields(line)[2:] {
				words = append(words, rule)
			}
			errs = append(errs, client.Do(ctx, words...).Err())
		}
	}
	return errors.Join(errs...)
}

// isOf answers which lines of ACL LIST speak of a user.
func isOf(name string) func(line string) bool {
	return func(line string) bool { return strings.HasPrefix(line, "user "+name+" ") }
}

// emptyMaster takes away data, functions and scripts, and waits until so many
// replicas have done so.
func emptyMaster(ctx context.Context, client *redis.Client, replicas int) error {
	// Redis has functions from 7 on; an older one has nothing to take away.
	if err := client.FunctionFlush(ctx).Err(); err != nil && !strings.HasPrefix(err.Error(), "ERR unknown command") {
		return err
	}
	var inStep *redis.Cmd
	_, err := client.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.ScriptFlush(ctx)
		p.FlushAll(ctx)
		inStep = p.Do(ctx, "WAIT", replicas, (startTimeout / 2).Milliseconds()) // on the connection that flushed
		return nil
	})
	if err != nil {
		return err
	}
	n, err := inStep.Int()
	if err == nil && n < replicas {
		err = fmt.Errorf("%d of %d replicas are in step", n, replicas)
	}
	return err
}
