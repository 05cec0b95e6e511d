package outbound

import (
	"net/http"
	"strconv"
	"time"
)

// bucket is what Discord counts together: so many requests until it resets.
type bucket struct {
	told   bool // an answer has told of it; until then one goes at a time
	limit  int  // in a window; 0 for none at all
	left   int
	resets time.Time
	window float64   // the reset by Discord's clock, which tells windows apart
	until  time.Time // held up by a 429
	silent int       // 429s in a row that named no time
	flying int
}

// mayTake reports whether a request may go, and if not, from when on; zero if
// that depends on those under way.
func (b *bucket) mayTake(now time.Time) (ok bool, until time.Time) {
	switch {
	case b.until.After(now):
		return false, b.until
	case !b.told:
		return b.flying == 0, time.Time{}
	case b.limit == 0:
		return true, time.Time{}
	}
	left := b.left
	if !b.resets.After(now) {
		left = b.limit
	}
	if left <= 0 {
		return false, b.resets
	}
	return left > b.flying, time.Time{}
}

// hear takes over what an answer's headers say of the bucket.
func (b *bucket) hear(h http.Header, now time.Time) {
	left, err := strconv.Atoi(h.Get("X-RateLimit-Remaining"))
	if err != nil {
		return
	}
	window := seconds(h.Get("X-RateLimit-Reset"))
	switch {
	case window < b.window:
		return // it comes from before the last reset
	case window == b.window && window > 0:
		b.left = min(b.left, left)
	default:
		b.left = left
	}
	b.window = window
	b.resets = now.Add(duration(seconds(h.Get("X-RateLimit-Reset-After"))))
}

// idle reports whether nothing is lost by forgetting the bucket.
func (b *bucket) idle(now time.Time) bool {
	return b.flying == 0 && !b.resets.After(now) && !b.until.After(now)
}

// buckets are those in use, and what is known of which route is in which.
type buckets struct {
	routes map[string]routing
	inUse  map[bucketKey]*bucket
	sweep  int // how many are in use when idle ones are to be dropped
}

// routing is what is known of a route.
type routing struct {
	name  string // of its bucket; empty where Discord names none
	limit int
}

// bucketKey names a bucket: by its name, or by the route as long as that is
// unknown.
type bucketKey struct{ name, lane string }

// Bounds of what is remembered.
const (
	maxRoutes  = 1000
	minBuckets = 128
	maxBuckets = 10000
)

func newBuckets() buckets {
	return buckets{routes: make(map[string]routing), inUse: make(map[bucketKey]*bucket), sweep: minBuckets}
}

// of answers the bucket of a request.
func (bs *buckets) of(w where) *bucket {
	r, told := bs.routes[w.route]
	key := bucketKey{w.route, w.lane}
	if told && r.name != "" {
		key.name = r.name
	}
	b := bs.inUse[key]
	if b == nil {
		bs.tidy(time.Now())
		b = &bucket{told: told, limit: r.limit, left: r.limit}
		bs.inUse[key] = b
	}
	return b
}

// learn takes over what an answer says of its bucket and answers that.
func (bs *buckets) learn(w where, h http.Header, now time.Time) *bucket {
	limit, err := strconv.Atoi(h.Get("X-RateLimit-Limit"))
	if err != nil || limit < 0 {
		limit = 0
	}
	known := routing{h.Get("X-RateLimit-Bucket"), limit}
	if old, told := bs.routes[w.route]; !told || old != known {
		bs.assign(w.route, known)
	}
	b := bs.of(w)
	b.told, b.limit = true, limit
	b.hear(h, now)
	return b
}

// assign notes which bucket a route is in. What was counted by the route alone
// goes on under that name.
func (bs *buckets) assign(route string, known routing) {
	if len(bs.routes) >= maxRoutes {
		clear(bs.routes)
	}
	bs.routes[route] = known
	for key, b := range bs.inUse {
		to := bucketKey{known.name, key.lane}
		if key.name != route || known.name == "" || bs.inUse[to] != nil {
			continue
		}
		delete(bs.inUse, key)
		b.told, b.limit, b.left = true, known.limit, known.limit
		bs.inUse[to] = b
	}
}

// tidy forgets what is idle once there is much of it; beyond the bound also
// windows that still run, of which a 429 would tell.
func (bs *buckets) tidy(now time.Time) {
	if len(bs.inUse) < bs.sweep {
		return
	}
	tooMany := len(bs.inUse) >= maxBuckets
	for key, b := range bs.inUse {
		if b.idle(now) || b.flying == 0 && tooMany {
			delete(bs.inUse, key)
		}
	}
	bs.sweep = min(max(minBuckets, 2*len(bs.inUse)), maxBuckets)
}
