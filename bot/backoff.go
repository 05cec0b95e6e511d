package bot

import "time"

// backoff is how long to wait between two connections to the gateway.
type backoff struct {
	first  time.Duration
	short  int // connections in a row that served, but not for long
	failed int // attempts in a row that came to nothing
}

// Bounds of the wait. After a connection that served it is the short one: what is
// missed meanwhile must not grow too old to be answered.
const (
	shortBackoff = 4 * time.Second
	longBackoff  = time.Minute
	lasting      = time.Minute // for a connection to be no short one
)

// after is the wait after a connection that lasted so long, and served or never
// came to that.
func (b *backoff) after(lasted time.Duration, served bool) time.Duration {
	switch {
	case !served:
		b.failed++
		return doubled(b.first, b.failed-1, longBackoff)
	case lasted > lasting:
		b.short, b.failed = 0, 0
		return b.first
	}
	b.failed = 0
	b.short++
	return doubled(b.first, b.short-1, shortBackoff)
}

// doubled is a time doubled so often, up to a bound.
func doubled(d time.Duration, times int, most time.Duration) time.Duration {
	for range min(times, 30) {
		d = min(2*d, most)
	}
	return min(d, most)
}
