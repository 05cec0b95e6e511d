package guard

import (
	"context"
	"strconv"
	"strings"
)

// noteParameters notes the parameters that CONFIG SET gets, and whether the
// server would begin to drop keys: those are nowhere kept.
func (p *Planning) noteParameters(ctx context.Context, c *call) error {
	before := len(p.summary.parameters)
	if err := p.setParameters(ctx, c); err != nil {
		return err
	}
	_, limits := parameterIn(p.summary.parameters[before:], "maxmemory")
	_, chooses := parameterIn(p.summary.parameters[before:], "maxmemory-policy")
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

// parameterIn answers the last value that a parameter gets.
func parameterIn(list []Parameter, name string) (value string, ok bool) {
	for _, set := range list {
		if strings.EqualFold(set.Name, name) {
			value, ok = set.Becomes, true
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
