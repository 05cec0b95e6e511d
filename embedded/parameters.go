package embedded

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// parameter is one that CONFIG knows.
type parameter struct {
	name    string
	initial string // as a Redis has it that was started without a configuration and does not persist
	check   check
}

// check answers a value as it is kept, or why it is refused.
type check func(value string) (kept, why string)

const databases = 16

// parameters are those that people ask for. In no case do they change how this
// Redis works: they are what INFO and CONFIG GET tell.
func parameters() []parameter {
	const most = math.MaxInt32
	return []parameter{
		{"activedefrag", "no", boolean},
		{"appendfsync", "everysec", oneOf("everysec", "always", "no")},
		{"appendonly", "no", boolean},
		{"bind", "127.0.0.1", immutable},
		{"databases", strconv.Itoa(databases), immutable},
		{"dbfilename", "dump.rdb", protected},
		{"dir", "", protected},
		{"hash-max-listpack-entries", "128", number(0, most)},
		{"hash-max-listpack-value", "64", number(0, most)},
		{"hz", "10", number(0, most)},
		{"io-threads", "1", immutable},
		{"latency-monitor-threshold", "0", number(0, most)},
		{"lazyfree-lazy-eviction", "no", boolean},
		{"lazyfree-lazy-expire", "no", boolean},
		{"lazyfree-lazy-server-del", "no", boolean},
		{"lazyfree-lazy-user-del", "no", boolean},
		{"lazyfree-lazy-user-flush", "no", boolean},
		{"lfu-decay-time", "1", number(0, most)},
		{"lfu-log-factor", "10", number(0, most)},
		{"loglevel", "notice", oneOf("debug", "verbose", "notice", "warning")},
		{"maxclients", "10000", number(1, most)},
		{"maxmemory", "0", memory},
		{"maxmemory-clients", "0", memory},
		{"maxmemory-eviction-tenacity", "10", number(0, 100)},
		{"maxmemory-policy", "noeviction", oneOf("volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
			"allkeys-lru", "allkeys-lfu", "allkeys-random", "noeviction")},
		{"maxmemory-samples", "5", number(1, most)},
		{"min-replicas-max-lag", "10", number(0, most)},
		{"min-replicas-to-write", "0", number(0, most)},
		{"notify-keyspace-events", "", events},
		{"port", "0", immutable},
		{"proto-max-bulk-len", "536870912", number(1<<20, math.MaxInt64)},
		{"protected-mode", "yes", boolean},
		{"rdbcompression", "yes", boolean},
		{"requirepass", "", immutable},
		{"save", "", snapshots},
		{"set-max-intset-entries", "512", number(0, most)},
		{"slowlog-log-slower-than", "10000", number(-1, math.MaxInt64)},
		{"slowlog-max-len", "128", number(0, math.MaxInt64)},
		{"stop-writes-on-bgsave-error", "yes", boolean},
		{"tcp-backlog", "511", immutable},
		{"tcp-keepalive", "300", number(0, most)},
		{"timeout", "0", number(0, most)},
		{"zset-max-listpack-entries", "128", number(0, most)},
		{"zset-max-listpack-value", "64", number(0, most)},
	}
}

func immutable(string) (kept, why string) { return "", "can't set immutable config" }

func protected(string) (kept, why string) { return "", "can't set protected config" }

func boolean(value string) (kept, why string) {
	switch v := strings.ToLower(value); v {
	case "yes", "no":
		return v, ""
	}
	return "", "argument must be 'yes' or 'no'"
}

func oneOf(names ...string) check {
	return func(value string) (kept, why string) {
		if v := strings.ToLower(value); slices.Contains(names, v) {
			return v, ""
		}
		return "", "argument(s) must be one of the following: " + strings.Join(names, ", ")
	}
}

func number(least, most int64) check {
	return func(value string) (kept, why string) {
		n, err := strconv.ParseInt(value, 10, 64)
		switch {
		case err != nil:
			return "", "argument couldn't be parsed into an integer"
		case n < least || n > most:
			return "", fmt.Sprintf("argument must be between %d and %d inclusive", least, most)
		}
		return strconv.FormatInt(n, 10), ""
	}
}

// memory reads bytes as Redis does: 100, 10k (1000), 10kb (1024), 2gb.
func memory(value string) (kept, why string) {
	value = strings.ToLower(value)
	digits := strings.TrimRight(value, "bkmg")
	n, err := strconv.ParseUint(digits, 10, 64)
	units := map[string]uint64{"": 1, "b": 1, "k": 1e3, "kb": 1 << 10, "m": 1e6, "mb": 1 << 20, "g": 1e9, "gb": 1 << 30}
	factor, ok := units[value[len(digits):]]
	if err != nil || !ok || n > (1<<63)/factor {
		return "", "argument must be a memory value"
	}
	return strconv.FormatUint(n*factor, 10), ""
}

// events reads the letters of keyspace events and writes them in Redis' order,
// A for all of its kinds.
func events(value string) (kept, why string) {
	const kinds, others = "g$lshzxetd", "KEmn"
	for _, letter := range value {
		if !strings.ContainsRune(kinds+others+"A", letter) {
			return "", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'."
		}
	}
	var b strings.Builder
	in := func(letter rune) bool {
		return strings.ContainsRune(value, letter) || strings.ContainsRune(kinds, letter) && strings.Contains(value, "A")
	}
	if !strings.ContainsFunc(kinds, func(letter rune) bool { return !in(letter) }) {
		b.WriteByte('A')
	} else {
		writeAll(&b, kinds, in)
	}
	writeAll(&b, others, in)
	return b.String(), ""
}

func writeAll(b *strings.Builder, letters string, in func(rune) bool) {
	for _, letter := range letters {
		if in(letter) {
			b.WriteRune(letter)
		}
	}
}

// snapshots reads pairs of seconds and changes.
func snapshots(value string) (kept, why string) {
	words := strings.Fields(value)
	if len(words)%2 != 0 {
		return "", "Invalid save parameters"
	}
	for i, w := range words {
		if n, err := strconv.Atoi(w); err != nil || n < 1-i%2 {
			return "", "Invalid save parameters"
		}
	}
	return strings.Join(words, " "), ""
}
