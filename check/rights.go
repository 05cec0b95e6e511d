package check

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/acl"
)

const rightsName = "Redis rights"

// rights tells of each feature in use which of its commands the user may not
// run, in a Cluster on every master: each has users of its own.
func rights(ctx context.Context, client redis.UniversalClient, needs acl.Needs) []Finding {
	switch client := client.(type) {
	case *redis.Client:
		return rightsAt(ctx, client, needs)
	case *redis.ClusterClient:
		var mu sync.Mutex
		byNode := make(map[string][]Finding)
		err := client.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
			found := rightsAt(ctx, node, needs)
			mu.Lock()
			defer mu.Unlock()
			byNode[node.Options().Addr] = found
			return nil
		})
		if err != nil {
			return []Finding{untried(err)}
		}
		return merge(byNode)
	}
	return []Finding{untried(fmt.Errorf("a %T cannot be asked", client))}
}

func rightsAt(ctx context.Context, client *redis.Client, needs acl.Needs) []Finding {
	missing, err := tryAll(ctx, client, needs.Probes())
	switch {
	case acl.Refused(fmt.Sprint(err)):
		return []Finding{{Name: rightsName, Level: Warning,
			Detail: fmt.Sprintf("Which rights there are cannot be seen without running commands: MULTI or DISCARD is refused (%v).", err),
			Mend:   mend(client, []string{"+multi", "+discard"})}}
	case err != nil:
		return []Finding{untried(err)}
	case len(missing) == 0:
		return []Finding{{Name: rightsName, Level: OK, Detail: "Everything that is in use is allowed: " + listed(needs.Features) + "."}}
	}
	var findings []Finding
	for _, f := range acl.Features() {
		of := slices.DeleteFunc(slices.Clone(missing), func(p acl.Probe) bool { return p.Feature != f.Name })
		if len(of) > 0 {
			findings = append(findings, lacking(client, f, of, needs))
		}
	}
	return findings
}

// lacking words what a feature lacks, and the line that gives it that.
func lacking(client *redis.Client, f acl.Feature, missing []acl.Probe, needs acl.Needs) Finding {
	level := Warning
	var calls []string
	for _, p := range missing {
		calls = append(calls, shown(p))
		if vital(p) {
			level = Fatal
		}
	}
	return Finding{Name: rightsName, Level: level,
		Detail: fmt.Sprintf("Refused for %s (%s): %s.", f.Name, f.Does, strings.Join(slices.Compact(calls), ", ")),
		Mend:   mend(client, needs.Adding(missing))}
}

// vital reports whether Helix is of no use without a call.
func vital(p acl.Probe) bool {
	courtesy := p.Command == "ping" || p.Command == "client|setname"
	return p.Feature == acl.Base && !courtesy || p.Command == "scan"
}

// shown is a call as people know it, with what it is for: "HGET {helix}:right".
func shown(p acl.Probe) string {
	text := strings.ToUpper(strings.ReplaceAll(p.Command, "|", " "))
	if p.Grant.Channels != "" {
		return text + " on " + p.Grant.Channels
	}
	switch p.Grant.On {
	case acl.OwnKeys:
		return text + " on Helix's own keys"
	case acl.SessionKeys:
		return text + " on sessions"
	}
	return text
}

// mend ends with the line, to be copied as it is.
func mend(client *redis.Client, words []string) string {
	return "`helix check --acl` prints the whole user. Where a provider runs Redis, ask there; else: ACL SETUSER " +
		cmp.Or(client.Options().Username, "default") + " " + strings.Join(words, " ")
}

func untried(err error) Finding {
	return Finding{Name: rightsName, Level: Warning, Detail: fmt.Sprintf("Which rights there are cannot be asked: %v.", err)}
}

func listed(names []acl.Name) string {
	var words []string
	for _, name := range names {
		words = append(words, string(name))
	}
	return strings.Join(words, ", ")
}

// tryAll answers the calls that the server refuses its user. None is carried
// out: they are queued, and the queue is dropped. It answers the server's own
// refusal where that cannot be done.
func tryAll(ctx context.Context, client *redis.Client, probes []acl.Probe) ([]acl.Probe, error) {
	if _, err := queued(ctx, client, nil); err != nil {
		return nil, err
	}
	queueable := slices.DeleteFunc(slices.Clone(probes), acl.Probe.Alone)
	missing, err := queued(ctx, client, queueable)
	if err != nil {
		return nil, err
	}
	for _, p := range probes {
		if !p.Alone() {
			continue
		}
		refused, err := refusedAlone(ctx, client, p)
		if err != nil {
			return nil, err
		}
		if refused {
			missing = append(missing, p)
		}
	}
	return missing, nil
}

// queued queues calls and drops them, in one round trip on one connection, so
// that nothing is ever sent without the MULTI before it.
func queued(ctx context.Context, client *redis.Client, probes []acl.Probe) (refused []acl.Probe, err error) {
	pipe := client.Pipeline()
	begun := pipe.Do(ctx, "MULTI")
	answers := make([]*redis.Cmd, len(probes))
	for i, p := range probes {
		answers[i] = pipe.Do(ctx, p.Args...)
	}
	dropped := pipe.Do(ctx, "DISCARD")
	_, _ = pipe.Exec(ctx) // each has its own error
	if err := cmp.Or(begun.Err(), dropped.Err()); err != nil {
		return nil, err
	}
	for i, p := range probes {
		if err := answers[i].Err(); err != nil && (acl.Refused(err.Error()) || redis.HasErrorPrefix(err, "ERR unknown command")) {
			refused = append(refused, p)
		}
	}
	return refused, nil
}

// refusedAlone tries a call that cannot be queued on a connection that is closed
// afterwards.
func refusedAlone(ctx context.Context, client *redis.Client, p acl.Probe) (bool, error) {
	options := *client.Options()
	options.PoolSize = 1
	own := redis.NewClient(&options)
	err := own.Do(ctx, p.Args...).Err()
	if closeErr := own.Close(); err == nil {
		err = closeErr
	}
	var answered redis.Error
	if err != nil && !errors.As(err, &answered) {
		return false, fmt.Errorf("try %s: %w", p.Command, err)
	}
	return err != nil && acl.Refused(err.Error()), nil
}
