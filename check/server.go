package check

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis looks at the server behind client; where names it, without password.
// If the server is out of reach, that is the only finding.
func Redis(ctx context.Context, client redis.UniversalClient, where string) []Finding {
	first := reach(ctx, client, where)
	if first.Level == Fatal {
		return []Finding{first}
	}
	info, err := readInfo(ctx, client)
	if err != nil {
		return []Finding{first, {"Redis INFO", Fatal, "INFO is not allowed: " + err.Error() + ".",
			"Allow the Redis user INFO: ACL SETUSER <user> +info."}}
	}
	config, configErr := readConfig(ctx, client)
	findings := []Finding{first, version(info), role(info), loading(info)}
	findings = append(findings, rights(ctx, client, configErr)...)
	if configErr == nil {
		findings = append(findings, persistence(info, config), memory(info, config), eviction(config), notifications(config))
	}
	return findings
}

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
	case err == nil:
		f.Level = OK
		f.Detail = fmt.Sprintf("%s answers in %s.", where, time.Since(start).Round(100*time.Microsecond))
	case redis.IsAuthError(err), strings.HasPrefix(err.Error(), "WRONGPASS"):
		f.Detail = where + " refuses the user or password."
		f.Mend = "Put the right ones into REDIS_URL: redis://user:password@host:port."
	default:
		f.Detail = fmt.Sprintf("%s does not answer: %v.", where, err)
		f.Mend = "Check that Redis runs there and that REDIS_URL names the right host and port."
	}
	return f
}

// fields are the figures of INFO or the parameters of CONFIG GET.
type fields map[string]string

func (f fields) int(name string) int64 {
	n, _ := strconv.ParseInt(f[name], 10, 64)
	return n
}

func readInfo(ctx context.Context, client redis.UniversalClient) (fields, error) {
	text, err := client.Info(ctx).Result()
	if err != nil {
		return nil, err
	}
	info := make(fields)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	return info, nil
}

func readConfig(ctx context.Context, client redis.UniversalClient) (fields, error) {
	config := make(fields)
	for _, name := range []string{"save", "appendonly", "appendfsync", "maxmemory", "maxmemory-policy", "notify-keyspace-events"} {
		got, err := client.ConfigGet(ctx, name).Result()
		if err != nil {
			return nil, err
		}
		config[name] = got[name]
	}
	return config, nil
}

func version(info fields) Finding {
	f := Finding{Name: "Redis version", Level: OK, Detail: "Redis " + info["redis_version"] + "."}
	if v := info["valkey_version"]; v != "" {
		f.Detail = "Valkey " + v + "."
	}
	major, minor, _ := strings.Cut(info["redis_version"], ".")
	minor, _, _ = strings.Cut(minor, ".")
	a, _ := strconv.Atoi(major)
	b, _ := strconv.Atoi(minor)
	if a < 6 || a == 6 && b < 2 {
		f.Level = Warning
		f.Detail += " Helix is tested from 6.2 on."
		f.Mend = "Upgrade Redis; 6.2 and older get no security fixes."
	}
	return f
}

func role(info fields) Finding {
	if info["role"] == "slave" {
		return Finding{"Redis role", Fatal, "This server is a replica: it takes no changes, and settings live in Redis.",
			"Point REDIS_URL at the master, or name the Sentinels: redis+sentinel://host:port/master."}
	}
	detail := "Master"
	if n := info.int("connected_slaves"); n > 0 {
		detail += fmt.Sprintf(" with %d replicas", n)
	}
	return Finding{Name: "Redis role", Level: OK, Detail: detail + "."}
}

func loading(info fields) Finding {
	if info["loading"] == "1" {
		return Finding{"Redis data", Warning, "The server is still loading its data set; most commands are refused until it is done.", "Wait."}
	}
	return Finding{Name: "Redis data", Level: OK, Detail: "Loaded."}
}

// need is a command that Helix uses, and what is lost without it.
type need struct {
	args  []any
	level Level
	lost  string
}

// rights tries the commands that Helix uses where trying is harmless.
func rights(ctx context.Context, client redis.UniversalClient, configErr error) []Finding {
	var missing []Finding
	for _, n := range []need{
		{[]any{"SCAN", "0", "COUNT", "1"}, Fatal, "KEYS, --scan and counting do not work"},
		{[]any{"COMMAND", "COUNT"}, Fatal, "no Redis command can be classified, so none is allowed"},
		{[]any{"EVAL", "return 1", "0"}, Fatal, "live settings cannot be changed safely"},
		{[]any{"TIME"}, Warning, "records carry this machine's clock"},
	} {
		err := client.Do(ctx, n.args...).Err()
		if err == nil {
			continue
		}
		missing = append(missing, notAllowed(n, err))
	}
	if configErr != nil {
		missing = append(missing, notAllowed(need{[]any{"CONFIG"}, Warning, "persistence, memory limit and eviction cannot be checked"}, configErr))
	}
	if len(missing) == 0 {
		return []Finding{{Name: "Redis rights", Level: OK, Detail: "All commands that Helix uses are allowed."}}
	}
	return missing
}

func notAllowed(n need, err error) Finding {
	command := fmt.Sprint(n.args[0])
	f := Finding{Name: "Redis rights", Level: n.level,
		Detail: fmt.Sprintf("%s is refused (%v): %s.", command, err, n.lost)}
	var reply redis.Error
	if errors.As(err, &reply) {
		f.Mend = fmt.Sprintf("Allow it: ACL SETUSER <user> +%s. On a managed Redis ask the provider.", strings.ToLower(command))
	}
	return f
}
