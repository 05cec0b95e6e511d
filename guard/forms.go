package guard

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// form is what values of a parameter look like.
type form struct {
	takes  string // in words, behind "takes"
	server string // what the server says of a value that is none, as Redis 7 words it
	fits   func(value string) bool
}

// misset answers, where a plan is to set a parameter to a value that no server
// takes, its refusal: there is nothing to be confirmed then.
func (c *call) misset() (reply, bool) {
	if c.cmd.name != "config set" {
		return reply{}, false
	}
	for i := 2; i+1 < len(c.argv); i += 2 {
		name, value := strings.ToLower(c.argv[i]), c.argv[i+1]
		if f, known := formOf(name); known && !f.fits(value) {
			c.hint(fmt.Sprintf("`%s` takes %s. Nothing of this command was planned.", name, f.takes))
			return failure("ERR CONFIG SET failed (possibly related to argument '%s') - %s", name, f.server), true
		}
	}
	return reply{}, false
}

// formOf answers the form of a parameter that CONFIG SET may change.
func formOf(name string) (form, bool) {
	switch name {
	case "maxmemory", "auto-aof-rewrite-min-size":
		return form{"a size in bytes, or with a unit as in 512mb or 2gb", "argument must be a memory value", isSize}, true
	case "maxmemory-clients":
		return form{"a size, as in 256mb, or a share of maxmemory, as in 5%", "argument must be a memory or percent value", isSizeOrShare}, true
	case "maxmemory-policy":
		return form{"one of " + strings.Join(evictionPolicies(), ", "), oneOf(evictionPolicies()), isPolicy}, true
	case "appendfsync":
		return choice("always", "everysec", "no"), true
	case "loglevel":
		return choice("debug", "verbose", "notice", "warning", "nothing"), true
	case "save":
		return form{`pairs of seconds and changes, as in "3600 1 300 100", or "" for none`, "Invalid save parameters", isSave}, true
	case "notify-keyspace-events":
		return form{`letters, as in KEA, or "" for none`, "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.", isEvents}, true
	}
	if least, most, ok := rangeOf(name); ok {
		return between(least, most), true
	}
	if IsParameter(name) {
		return form{"yes or no", "argument must be 'yes' or 'no'", isYesNo}, true
	}
	return form{}, false
}

// unbounded is the most that a whole number can be where nothing else bounds it.
const unbounded = 1<<31 - 1

// rangeOf answers the least and the most that a parameter can be that is a whole
// number.
func rangeOf(name string) (least, most int64, ok bool) {
	switch name {
	case "slowlog-log-slower-than":
		return -1, 1<<63 - 1, true
	case "slowlog-max-len", "latency-monitor-threshold":
		return 0, 1<<63 - 1, true
	case "active-expire-effort":
		return 1, 10, true
	case "maxmemory-eviction-tenacity":
		return 0, 100, true
	case "maxmemory-samples", "maxclients":
		return 1, unbounded, true
	case "timeout", "tcp-keepalive", "hz", "auto-aof-rewrite-percentage", "lfu-log-factor", "lfu-decay-time",
		"min-replicas-to-write", "min-replicas-max-lag":
		return 0, unbounded, true
	}
	return 0, 0, false
}

func between(least, most int64) form {
	fits := func(value string) bool {
		n, err := strconv.ParseInt(value, 10, 64)
		return err == nil && least <= n && n <= most
	}
	if most >= unbounded {
		return form{fmt.Sprintf("a whole number from %d on", least), "argument couldn't be parsed into an integer", fits}
	}
	return form{fmt.Sprintf("a whole number from %d to %d", least, most), fmt.Sprintf("argument must be between %d and %d inclusive", least, most), fits}
}

func choice(values ...string) form {
	return form{"one of " + strings.Join(values, ", "), oneOf(values), func(value string) bool {
		return slices.Contains(values, strings.ToLower(value))
	}}
}

func oneOf(values []string) string {
	return "argument(s) must be one of the following: " + strings.Join(values, ", ")
}

func isSize(value string) bool {
	_, ok := bytesIn(strings.ToLower(value))
	return ok
}

func isSizeOrShare(value string) bool {
	share, percent := strings.CutSuffix(value, "%")
	n, err := strconv.Atoi(share)
	return isSize(value) || percent && err == nil && n >= 0 && n <= 100
}

// isPolicy admits policies of later servers, by the words they begin with.
func isPolicy(value string) bool {
	value = strings.ToLower(value)
	later := strings.HasPrefix(value, "allkeys-") || strings.HasPrefix(value, "volatile-")
	return slices.Contains(evictionPolicies(), value) || later && !strings.ContainsAny(value, " \t\r\n")
}

func isYesNo(value string) bool {
	return slices.Contains([]string{"yes", "no"}, strings.ToLower(value))
}

func isSave(value string) bool {
	words := strings.Fields(value)
	for i, word := range words {
		n, err := strconv.ParseInt(word, 10, 64)
		if least := int64(1 - i%2); err != nil || n < least {
			return false
		}
	}
	return len(words)%2 == 0
}

// isEvents admits classes of events of later servers.
func isEvents(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool {
		letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
		return !letter && r != '$'
	})
}
