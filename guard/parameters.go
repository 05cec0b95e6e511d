package guard

import (
	"slices"
	"strconv"
	"strings"
)

// parameter answers what the plan sets a parameter of the server to, as it was
// typed; ok is false where it does not.
func (p *Planning) parameter(name string) (value string, ok bool) {
	if p == nil {
		return "", false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return parameterIn(p.summary.parameters, name)
}

// foreseeParameters puts what the plan sets in the place of what CONFIG GET
// answers.
func (p *Planning) foreseeParameters(c *call, r reply) error {
	for i := 0; i+1 < len(r.elems); i += 2 {
		name, now := string(r.elems[i].text), string(r.elems[i+1].text)
		typed, set := p.parameter(name)
		if !set {
			continue
		}
		value, ok := asAnswered(typed, now)
		if !ok {
			return &UnforeseenError{c.cmd.shown(), "how the server will word the new `" + name + "` is not known before it is set"}
		}
		r.elems[i+1].text = []byte(value)
	}
	return nil
}

// asAnswered answers a new value as the server will word it, as far as the
// present one tells; ok is false where that is not sure.
func asAnswered(typed, now string) (value string, ok bool) {
	_, err := strconv.ParseInt(now, 10, 64)
	switch lower := strings.ToLower(typed); {
	case err == nil:
		return bytesIn(lower)
	case slices.Contains([]string{"yes", "no"}, lower):
		return lower, slices.Contains([]string{"yes", "no"}, now)
	case slices.Contains(evictionPolicies(), lower):
		return lower, slices.Contains(evictionPolicies(), now)
	}
	return "", false
}

// bytesIn reads a number that may have a unit, as redis.conf has them.
func bytesIn(typed string) (string, bool) {
	digits := strings.TrimRight(typed, "bgkm")
	units := map[string]int64{"": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 1e6, "mb": 1 << 20, "g": 1e9, "gb": 1 << 30}
	n, err := strconv.ParseInt(digits, 10, 64)
	unit, known := units[typed[len(digits):]]
	if err != nil || !known || n < 0 || n > 1<<62/unit {
		return "", false
	}
	return strconv.FormatInt(n*unit, 10), true
}

func evictionPolicies() []string {
	return []string{"noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"}
}
