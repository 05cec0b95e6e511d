package guard

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/helix-collective/helix/clock"
	"github.com/redis/go-redis/v9"
)

// request is one command to send.
type request struct {
	args []string
	key  string // decides the node of a Cluster; empty: any
}

// ask sends one command.
func ask(ctx context.Context, client redis.UniversalClient, q request) (reply, error) {
	replies, err := askAll(ctx, client, []request{q})
	if err != nil {
		return reply{}, err
	}
	return replies[0], nil
}

// askAll sends commands in one round trip and answers their replies in order,
// error replies among them, unless one of these is a fault of the server's.
// Callers bound how many there are. It returns as soon as ctx ends; what was
// sent then runs to its end unheard.
func askAll(ctx context.Context, client redis.UniversalClient, qs []request) ([]reply, error) {
	replies, err := askFor(ctx, client, qs)
	if err != nil {
		return nil, err
	}
	for _, r := range replies {
		if err := serverFault(r); err != nil {
			return nil, err
		}
	}
	return replies, nil
}

// askFor is askAll for what can be done without: faults are replies, too.
func askFor(ctx context.Context, client redis.UniversalClient, qs []request) ([]reply, error) {
	if len(qs) == 0 {
		return nil, nil
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	type answer struct {
		replies []reply
		err     error
	}
	done := make(chan answer, 1)
	go func() {
		replies, err := send(ctx, client, qs)
		done <- answer{replies, err}
	}()
	select {
	case a := <-done:
		return a.replies, a.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func send(ctx context.Context, client redis.UniversalClient, qs []request) ([]reply, error) {
	if cluster, ok := client.(*redis.ClusterClient); ok {
		return sendCluster(ctx, cluster, qs)
	}
	return sendTo(ctx, client, qs)
}

// pipeliner is a client of one server, or its pipeline.
type pipeliner interface {
	Process(ctx context.Context, cmd redis.Cmder) error
	Pipeline() redis.Pipeliner
}

func sendTo(ctx context.Context, client pipeliner, qs []request) ([]reply, error) {
	cmds := make([]*redis.RawCmd, len(qs))
	for i, q := range qs {
		cmds[i] = redis.NewRawCmd(ctx, words(q.args)...)
	}
	if len(cmds) == 1 {
		if err := client.Process(ctx, cmds[0]); err != nil {
			return nil, err
		}
		return parseAll(cmds)
	}
	pipe := client.Pipeline()
	for _, cmd := range cmds {
		if err := pipe.Process(ctx, cmd); err != nil {
			return nil, err
		}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	return parseAll(cmds)
}

func words(args []string) []any {
	list := make([]any, len(args))
	for i, a := range args {
		list[i] = a
	}
	return list
}

func parseAll(cmds []*redis.RawCmd) ([]reply, error) {
	replies := make([]reply, len(cmds))
	for i, cmd := range cmds {
		raw, err := cmd.Result()
		if err != nil {
			return nil, err
		}
		if replies[i], err = parseReply(raw); err != nil {
			return nil, fmt.Errorf("reply to %s: %w", cmd.Name(), err)
		}
	}
	return replies, nil
}

// maxRedirects bounds how often a command follows its slot to another node.
const maxRedirects = 8

// redirectRest is how long the slots are left to move before a command follows
// them once more; each time it is longer, two and a half seconds in all.
const redirectRest = 20 * time.Millisecond

// sendCluster sends each command to the master that holds its key's slot, to
// each node what is meant for it in one round trip, and follows slots that
// have moved.
func sendCluster(ctx context.Context, cluster *redis.ClusterClient, qs []request) ([]reply, error) {
	replies := make([]reply, len(qs))
	pending := make([]int, len(qs))
	for i := range qs {
		pending[i] = i
	}
	for attempt := range maxRedirects {
		if err := clock.Sleep(ctx, time.Duration(attempt*attempt)*redirectRest); err != nil {
			return nil, err
		}
		nodes, err := byNode(ctx, cluster, qs, pending)
		if err != nil {
			return nil, err
		}
		if err := sendNodes(ctx, nodes, qs, replies); err != nil {
			return nil, err
		}
		pending = moved(replies, pending)
		if len(pending) == 0 {
			return replies, nil
		}
		cluster.ReloadState(ctx)
		if err := followAsks(ctx, cluster, qs, replies, pending); err != nil {
			return nil, err
		}
		pending = moved(replies, pending)
	}
	if len(pending) > 0 {
		return nil, errors.New("the Cluster's slots keep moving; try again in a moment")
	}
	return replies, nil
}

// byNode sorts the pending commands by the master they go to.
func byNode(ctx context.Context, cluster *redis.ClusterClient, qs []request, pending []int) (map[*redis.Client][]int, error) {
	nodes := map[*redis.Client][]int{}
	for _, i := range pending {
		node, err := cluster.MasterForKey(ctx, qs[i].key)
		if err != nil {
			return nil, err
		}
		nodes[node] = append(nodes[node], i)
	}
	return nodes, nil
}

func sendNodes(ctx context.Context, nodes map[*redis.Client][]int, qs []request, replies []reply) error {
	errs := make(chan error, len(nodes))
	for node, list := range nodes {
		go func() {
			part := make([]request, len(list))
			for j, i := range list {
				part[j] = qs[i]
			}
			got, err := sendTo(ctx, node, part)
			for j := range got {
				replies[list[j]] = got[j]
			}
			errs <- err
		}()
	}
	var first error
	for range nodes {
		if err := <-errs; err != nil && first == nil {
			first = err
		}
	}
	return first
}

// moved answers which of the pending commands were sent to a wrong node.
func moved(replies []reply, pending []int) []int {
	var again []int
	for _, i := range pending {
		if _, ok := redirect(replies[i]); ok {
			again = append(again, i)
		}
	}
	return again
}

// redirect answers the word with which a node sends a command elsewhere.
func redirect(r reply) (string, bool) {
	if r.kind != errorReply {
		return "", false
	}
	word, _, _ := strings.Cut(string(r.text), " ")
	switch word {
	case "MOVED", "ASK", "TRYAGAIN":
		return word, true
	}
	return "", false
}

// followAsks sends commands whose key is just being moved to where the move
// leads, with ASKING before them.
func followAsks(ctx context.Context, cluster *redis.ClusterClient, qs []request, replies []reply, pending []int) error {
	for _, i := range pending {
		if word, _ := redirect(replies[i]); word != "ASK" {
			continue
		}
		addr := string(replies[i].text[strings.LastIndexByte(string(replies[i].text), ' ')+1:])
		node, err := nodeAt(ctx, cluster, addr)
		if err != nil || node == nil {
			return err
		}
		got, err := sendTo(ctx, node, []request{{args: []string{"ASKING"}}, qs[i]})
		if err != nil {
			return err
		}
		replies[i] = got[1]
	}
	return nil
}
