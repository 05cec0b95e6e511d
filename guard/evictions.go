package guard

import (
	"context"
	"strconv"
	"strings"
)

// noteParameters notes the parameters that CONFIG SET gets, and whether the
// server would begin to drop keys: those are nowhere kept.
func (p *Planning) noteParameters(ctx context.Context, c *call) error {
	p.summary.parameters = append(p.summary.parameters, c.argv[2:]...)
	_, limits := parameterIn(c.argv[2:], "maxmemory")
	_, chooses := parameterIn(c.argv[2:], "maxmemory-policy")
	if !limits && !chooses {
		return nil
	}
	replies, _, err := askMasters(ctx, c.client, "INFO", "memory")
	if err != nil {
		return c.fault(ctx, err)
	}
	for _, r := range replies {
		if p.summary.evicts(string(r.text)) {
			p.summary.NoWayBack = noted(p.summary.NoWayBack, c.cmd.shown(),
				"the server uses more memory than that, and drops keys at once until it does not; those are gone")
		}
	}
	return nil
}

// parameterIn answers the last value that a parameter gets in names and values.
func parameterIn(pairs []string, name string) (value string, ok bool) {
	for i := 0; i+1 < len(pairs); i += 2 {
		if strings.EqualFold(pairs[i], name) {
			value, ok = pairs[i+1], true
		}
	}
	return value, ok
}

// evicts reports whether a server of which INFO memory says this would drop
// keys, once the parameters are set.
func (s *Summary) evicts(info string) bool {
	limit, policy := bytesOf(infoField(info, "maxmemory")), infoField(info, "maxmemory_policy")
	if value, ok := parameterIn(s.parameters, "maxmemory"); ok {
		limit = bytesOf(value)
	}
	if value, ok := parameterIn(s.parameters, "maxmemory-policy"); ok {
		policy = value
	}
	used := bytesOf(infoField(info, "used_memory")) - bytesOf(infoField(info, "mem_not_counted_for_evict"))
	return limit > 0 && used > limit && !strings.EqualFold(policy, "noeviction")
}

// bytesOf reads a size as redis.conf has it. It answers 0 for what is none.
func bytesOf(size string) int64 {
	number, ok := bytesIn(strings.ToLower(size))
	if !ok {
		return 0
	}
	n, _ := strconv.ParseInt(number, 10, 64) // 0 where it is none
	return n
}
