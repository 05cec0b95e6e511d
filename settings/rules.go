package settings

import "fmt"

// rule is a condition on several settings at once. No setting stands in two
// rules, so that leaving out the live values of a broken rule's settings
// mends it without breaking another.
type rule struct {
	keys   []string
	broken func(*Snapshot) bool
	reason func(*Snapshot) string
}

func rules() []rule {
	return []rule{
		atMost(string(SessionIdleTimeout), string(SessionTTL)),
		atMost(string(AlertsMemoryWarnPercent), string(AlertsMemoryPercent)),
		atMost(string(CommandsMaxPerPerson), string(CommandsMaxRunning)),
		together(APITLSCert, APITLSKey),
		together(RedisTLSCertFile, RedisTLSKeyFile),
		{
			keys: []string{string(SessionCookieSameSite), string(SessionCookieSecure)},
			broken: func(s *Snapshot) bool {
				return s.Text(SessionCookieSameSite) == "none" && !s.Bool(SessionCookieSecure)
			},
			reason: func(*Snapshot) string {
				return fmt.Sprintf("%s none needs %s true: browsers refuse the cookie otherwise.",
					quote(string(SessionCookieSameSite)), quote(string(SessionCookieSecure)))
			},
		},
	}
}

// together is the rule that one setting needs the other.
func together(one, other TextKey) rule {
	return rule{
		keys:   []string{string(one), string(other)},
		broken: func(s *Snapshot) bool { return (s.Text(one) == "") != (s.Text(other) == "") },
		reason: func(*Snapshot) string {
			return fmt.Sprintf("%s and %s go together: set both, or neither.", quote(string(one)), quote(string(other)))
		},
	}
}

// atMost is the rule that one number may not be above another.
func atMost(low, high string) rule {
	number := func(s *Snapshot, key string) int64 { return s.values[key].value.number }
	return rule{
		keys:   []string{low, high},
		broken: func(s *Snapshot) bool { return number(s, low) > number(s, high) },
		reason: func(s *Snapshot) string {
			l, h := s.values[low], s.values[high]
			return fmt.Sprintf("%s (%s, %s) may not be above %s (%s, %s). Set both together.",
				quote(low), l.value, l.origin.Source, quote(high), h.value, h.origin.Source)
		},
	}
}

// brokenRules answers a *CombinationError for each rule that s breaks.
func brokenRules(s *Snapshot) []*CombinationError {
	var broken []*CombinationError
	for _, r := range rules() {
		if r.broken(s) {
			broken = append(broken, &CombinationError{Keys: r.keys, Reason: r.reason(s)})
		}
	}
	return broken
}
