package check

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/acl"
)

// Own is what Helix has to do with a server.
type Own struct {
	Needs   acl.Needs // what its user is to be able to do there
	Watched bool      // it was found by Sentinels
}

// Redis looks at the server behind client, in Cluster at every master; where
// names it, without password. If the server is out of reach or no place for
// sessions, nothing else is found.
func Redis(ctx context.Context, client redis.UniversalClient, where string, own Own) []Finding {
	first := reach(ctx, client, where)
	if first.Level != OK {
		return []Finding{first}
	}
	findings := []Finding{first}
	if cluster, ok := client.(*redis.ClusterClient); ok {
		findings = append(findings, masters(ctx, cluster)...)
	} else {
		findings = append(findings, node(ctx, client, kind{watched: own.Watched})...)
	}
	if misplaced(findings) {
		return findings
	}
	return append(findings, rights(ctx, client, own.Needs)...)
}

// misplaced reports whether the server is of a kind that keeps no sessions;
// what a user may there says nothing.
func misplaced(findings []Finding) bool {
	return slices.ContainsFunc(findings, func(f Finding) bool { return f.Name == roleName && f.Level == Fatal })
}

const roleName = "Redis role"

// Reach is the short form of Redis, for a health check: only whether the
// server answers.
func Reach(ctx context.Context, client redis.UniversalClient, where string) []Finding {
	return []Finding{reach(ctx, client, where)}
}

func reach(ctx context.Context, client redis.UniversalClient, where string) Finding {
	start := time.Now()
	err := client.Ping(ctx).Err()
	f := Finding{Name: "Redis", Level: Fatal}
	switch {
	case err == nil, redis.IsPermissionError(err) && !redis.IsAuthError(err): // whoever refuses PING is there
		f.Level = OK
		f.Detail = fmt.Sprintf("%s answers in %s.", where, time.Since(start).Round(100*time.Microsecond))
	case redis.IsAuthError(err), strings.HasPrefix(err.Error(), "WRONGPASS"):
		f.Detail = where + " refuses the user or password."
		f.Mend = "Put the right ones into REDIS_URL: redis://user:password@host:port."
	case redis.IsLoadingError(err):
		f.Level = Warning
		f.Detail = where + " is still loading its data set; commands are refused until it is done."
		f.Mend = "Wait, and check again."
	default:
		f.Detail = fmt.Sprintf("%s does not answer: %v.", where, err)
		f.Mend = "Check that Redis runs there and that REDIS_URL names the right host and port."
	}
	return f
}

// kind says how a server was reached.
type kind struct {
	member  bool // of a Cluster
	watched bool // by Sentinels
}

// node holds one server against the guide.
func node(ctx context.Context, client redis.UniversalClient, k kind) []Finding {
	info, err := readInfo(ctx, client)
	if err != nil {
		return []Finding{notAllowed(need{[]any{"INFO"}, Fatal, "nothing else can be checked"}, err)}
	}
	findings := []Finding{version(info, knows(ctx, client, sinceOldest)), role(info, k.member)}
	if findings[1].Level == Fatal {
		return findings
	}
	config, err := readConfig(ctx, client)
	if err != nil {
		return append(findings, notAllowed(need{[]any{"CONFIG GET"}, Warning, "persistence, memory limit and eviction cannot be checked"}, err))
	}
	findings = append(findings, replication(info, config, k.watched)...)
	return append(findings, persistence(info, config), memory(info, config), eviction(config), notifications(config))
}

// fields are the figures of INFO or the parameters of CONFIG GET.
type fields map[string]string

func (f fields) int(name string) int64 {
	n, _ := strconv.ParseInt(f[name], 10, 64)
	return n
}

func readInfo(ctx context.Context, client redis.Cmdable) (fields, error) {
	text, err := client.Info(ctx).Result()
	if err != nil {
		return nil, err
	}
	return parseFields(text), nil
}

func parseFields(text string) fields {
	info := make(fields)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	return info
}

func readConfig(ctx context.Context, client redis.Cmdable) (fields, error) {
	config := make(fields)
	for _, name := range []string{"save", "appendonly", "appendfsync", "maxmemory", "maxmemory-policy", "notify-keyspace-events", "min-replicas-to-write"} {
		got, err := client.ConfigGet(ctx, name).Result()
		if err != nil {
			return nil, err
		}
		config[name] = got[name]
	}
	return config, nil
}

// sinceOldest is a command that came with Redis 6.2, the oldest that Helix is
// tested with.
const sinceOldest = "getex"

// knows reports whether a server has a command. One that does not say has it.
func knows(ctx context.Context, client redis.UniversalClient, name string) bool {
	list, err := client.Do(ctx, "COMMAND", "INFO", name).Slice()
	return err != nil || len(list) == 1 && list[0] != nil
}

// versionOf names the server as it names itself.
func versionOf(info fields) string {
	if v := info["valkey_version"]; v != "" {
		return "Valkey " + v
	}
	return "Redis " + info["redis_version"]
}

// version names the server; recent says that it knows all that Helix uses.
func version(info fields, recent bool) Finding {
	f := Finding{Name: "Redis version", Level: OK, Detail: versionOf(info) + "."}
	if !recent {
		f.Level = Warning
		f.Detail += " Helix is tested from 6.2 on."
		f.Mend = "Upgrade Redis; versions this old get no security fixes."
	}
	return f
}

// role judges what kind of server this is; member says that it was reached as
// a member of a Cluster.
func role(info fields, member bool) Finding {
	f := Finding{Name: roleName, Level: Fatal}
	switch {
	case info["redis_mode"] == "sentinel":
		f.Detail = "This is a Sentinel: it knows where the master is, but keeps no sessions."
		f.Mend = "Let REDIS_URL say so: redis+sentinel://host:port/master."
	case info["redis_mode"] == "cluster" && !member:
		f.Detail = "This server is one of a Cluster: the sessions of the other masters are out of sight."
		f.Mend = "Let REDIS_URL say so: redis+cluster://host:port,host:port."
	case info["role"] == "slave":
		f.Detail = "This server is a replica: it takes no changes, and settings live in Redis."
		f.Mend = "Point REDIS_URL at the master, or name the Sentinels: redis+sentinel://host:port/master."
	default:
		f.Level, f.Detail = OK, "Master"+replicas(info.int("connected_slaves"))+"."
	}
	return f
}

func replicas(n int64) string {
	switch n {
	case 0:
		return ""
	case 1:
		return " with 1 replica"
	}
	return fmt.Sprintf(" with %d replicas", n)
}

// need is a command that Helix uses, and what is lost without it.
type need struct {
	args  []any
	level Level
	lost  string
}

func notAllowed(n need, err error) Finding {
	command := fmt.Sprint(n.args[0])
	f := Finding{Name: rightsName, Level: n.level,
		Detail: fmt.Sprintf("%s is refused (%v): %s.", command, err, n.lost)}
	if strings.HasPrefix(err.Error(), "ERR unknown command") {
		f.Mend = "The server does not have it, or whoever runs it renamed it (rename-command). Take that back; on a managed Redis ask the provider."
	}
	if redis.IsPermissionError(err) {
		rule := strings.ReplaceAll(strings.ToLower(command), " ", "|")
		f.Mend = "Where a provider runs Redis, ask there; else: ACL SETUSER <user> +" + rule
	}
	return f
}
