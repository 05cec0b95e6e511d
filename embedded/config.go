package embedded

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/alicebob/miniredis/v2/server"
)

const databases = 16

// defaultParameters are those of a Redis that was started without a
// configuration and does not persist.
func defaultParameters() map[string]string {
	return map[string]string{
		"appendfsync":                 "everysec",
		"appendonly":                  "no",
		"databases":                   strconv.Itoa(databases),
		"hz":                          "10",
		"latency-monitor-threshold":   "0",
		"maxclients":                  "10000",
		"maxmemory":                   "0",
		"maxmemory-policy":            "noeviction",
		"maxmemory-samples":           "5",
		"notify-keyspace-events":      "",
		"requirepass":                 "",
		"save":                        "",
		"slowlog-log-slower-than":     "10000",
		"slowlog-max-len":             "128",
		"stop-writes-on-bgsave-error": "yes",
		"tcp-keepalive":               "300",
		"timeout":                     "0",
	}
}

func (s *Server) parameter(name string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.parameters[name]
}

// configGet answers the parameters that match any of the patterns.
func (s *Server) configGet(c *server.Peer, patterns []string) {
	if len(patterns) == 0 {
		c.WriteError("ERR wrong number of arguments for 'config|get' command")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, name := range slices.Sorted(maps.Keys(s.parameters)) {
		if slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) }) {
			names = append(names, name)
		}
	}
	c.WriteMapLen(len(names))
	for _, name := range names {
		c.WriteBulk(name)
		c.WriteBulk(s.parameters[name])
	}
}

func matches(pattern, name string) bool {
	ok, err := path.Match(strings.ToLower(pattern), name)
	return err == nil && ok
}

// configSet changes parameters, all or none. They have no effect here beyond
// what INFO and CONFIG GET tell.
func (s *Server) configSet(c *server.Peer, args []string) {
	if len(args) == 0 || len(args)%2 != 0 {
		c.WriteError("ERR wrong number of arguments for 'config|set' command")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := maps.Clone(s.parameters)
	for i := 0; i < len(args); i += 2 {
		name := strings.ToLower(args[i])
		if _, ok := changed[name]; !ok {
			c.WriteError(fmt.Sprintf("ERR Unknown option or number of arguments for CONFIG SET - '%s'", args[i]))
			return
		}
		value, why := checked(name, args[i+1])
		if why != "" {
			c.WriteError(fmt.Sprintf("ERR CONFIG SET failed (possibly related to argument '%s') - %s", name, why))
			return
		}
		changed[name] = value
	}
	s.parameters = changed
	c.WriteOK()
}

func policies() []string {
	return []string{"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl", "allkeys-lru", "allkeys-lfu", "allkeys-random", "noeviction"}
}

// checked answers a parameter's value as it is kept, or why it is refused.
func checked(name, value string) (kept, why string) {
	switch name {
	case "maxmemory":
		n, ok := memory(value)
		if !ok {
			return "", "argument must be a memory value"
		}
		return strconv.FormatUint(n, 10), ""
	case "maxmemory-policy":
		if !slices.Contains(policies(), strings.ToLower(value)) {
			return "", "argument(s) must be one of the following: " + strings.Join(policies(), ", ")
		}
		return strings.ToLower(value), ""
	case "appendonly", "stop-writes-on-bgsave-error":
		if v := strings.ToLower(value); v != "yes" && v != "no" {
			return "", "argument must be 'yes' or 'no'"
		}
		return strings.ToLower(value), ""
	case "databases":
		return "", "can't set immutable config"
	case "save", "requirepass", "notify-keyspace-events", "appendfsync":
		return value, ""
	}
	if _, err := strconv.ParseInt(value, 10, 64); err != nil {
		return "", "argument couldn't be parsed into an integer"
	}
	return value, ""
}

// memory reads bytes as Redis does: 100, 10k (1000), 10kb (1024), 2gb.
func memory(value string) (uint64, bool) {
	digits := strings.TrimRight(strings.ToLower(value), "bkmg")
	n, err := strconv.ParseUint(digits, 10, 64)
	units := map[string]uint64{"": 1, "b": 1, "k": 1e3, "kb": 1 << 10, "m": 1e6, "mb": 1 << 20, "g": 1e9, "gb": 1 << 30}
	factor, ok := units[strings.ToLower(value)[len(digits):]]
	return n * factor, err == nil && ok
}
