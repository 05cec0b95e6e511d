package chaos

import "net/http"

// success is the status of a request that did what it was to do.
var success = map[string]int{
	creates: http.StatusCreated, letsIn: http.StatusCreated, validates: http.StatusOK, forges: http.StatusOK,
	rotates: http.StatusOK, signsIn: http.StatusOK, destroys: http.StatusNoContent,
}

// tells reports whether an answer says what became of a session, and holds that it
// is one that there may be then.
func (s *sessionJudge) tells(c *request) bool {
	a := c.answer
	switch {
	case a.fault != nil && s.wasAway(c):
		s.count("requests to an instance that was away", 1)
	case a.fault != nil:
		s.wrong(c, "no answer, and its instance was there")
	case a.status == success[c.what]:
		return true
	case a.status == http.StatusUnauthorized && a.kind == "no-session" && c.token != "" && c.what != destroys:
		return true
	case a.status == http.StatusServiceUnavailable && a.kind == "unavailable" && a.retry != "":
		if !s.wasTroubled(c) {
			s.wrong(c, "nothing was wrong with Redis")
		}
		s.count("requests for which Redis could not be asked", 1)
	case a.status == http.StatusTooManyRequests && a.kind == "limit" && a.limit == "redis.max_sessions_per_ip_per_hour":
		if s.tried[c.life.address] <= a.max {
			s.wrong(c, "%d creations were asked for from %s, and %d may be", s.tried[c.life.address], c.life.address, a.max)
		}
		s.count("creations above the limit of an address", 1)
	default:
		s.wrong(c, "not an answer to this")
	}
	return false
}

// wasAway reports whether a request met an instance that ended or stood still.
func (f *facts) wasAway(c *request) bool {
	return c.instance == f.absent.instance && !f.absent.from.IsZero() && c.ended.After(f.absent.from) && (f.absent.to.IsZero() || c.began.Before(f.absent.to))
}

// wasTroubled reports whether a request fell into the time of faults, which ends
// once all instances have served again.
func (f *facts) wasTroubled(c *request) bool {
	return !f.trouble.IsZero() && c.ended.After(f.trouble) && (f.calm.IsZero() || c.began.Before(f.calm))
}
