package discordtest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"
)

// generous is the limit of operations that the test does not limit: visible in
// the headers, out of a test's reach.
const generous = 10000

// limiter counts requests per bucket, as Discord does: so many in a period that
// begins with the first.
type limiter struct {
	rates   map[string]rate // by operation
	buckets map[string]*bucket
	global  rate
	all     bucket
}

type rate struct {
	n   int
	per time.Duration
}

type bucket struct {
	rate      rate
	operation string
	used      int
	resets    time.Time
}

func (l *limiter) init() {
	l.rates = map[string]rate{}
	l.buckets = map[string]*bucket{}
}

// Limit lets an operation happen n times in a period, for each channel, guild
// or webhook on its own. Without it, limits are in the headers but far off.
func (d *Discord) Limit(operation string, n int, per time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limits.rates[operation] = rate{n, per}
	for _, b := range d.limits.buckets {
		if b.operation == operation {
			b.rate = rate{n, per}
		}
	}
}

// LimitGlobally lets the bot make n requests of any kind in a period.
func (d *Discord) LimitGlobally(n int, per time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.limits.global = rate{n, per}
	d.limits.all = bucket{rate: rate{n, per}}
}

// take counts a request; it answers the 429 if that is one too many.
func (l *limiter) take(operation, key string, now time.Time) *answer {
	if l.global.n > 0 && !l.all.take(now) {
		a := tooMany(l.all.resets.Sub(now), "global")
		return &a
	}
	b := l.bucket(operation, key)
	if b.take(now) {
		return nil
	}
	a := tooMany(b.resets.Sub(now), "user")
	l.stamp(a.header, key, now)
	return &a
}

func (l *limiter) bucket(operation, key string) *bucket {
	b := l.buckets[key]
	if b == nil {
		b = &bucket{rate: rate{generous, time.Second}, operation: operation}
		if limited, ok := l.rates[operation]; ok {
			b.rate = limited
		}
		l.buckets[key] = b
	}
	return b
}

func (b *bucket) take(now time.Time) bool {
	if !now.Before(b.resets) {
		b.used, b.resets = 0, now.Add(b.rate.per)
	}
	if b.used >= b.rate.n {
		return false
	}
	b.used++
	return true
}

// stamp writes the X-RateLimit headers of a bucket.
func (l *limiter) stamp(h http.Header, key string, now time.Time) {
	b := l.buckets[key]
	if b == nil {
		return
	}
	sum := sha256.Sum256([]byte(b.operation))
	for name, value := range map[string]string{
		"Limit":       strconv.Itoa(b.rate.n),
		"Remaining":   strconv.Itoa(max(b.rate.n-b.used, 0)),
		"Reset":       fmt.Sprintf("%.3f", float64(b.resets.UnixMilli())/1000),
		"Reset-After": seconds(b.resets.Sub(now)),
		"Bucket":      hex.EncodeToString(sum[:16]),
	} {
		h["X-Ratelimit-"+name] = []string{value}
	}
}

// tooMany is Discord's 429. The scope is "user", "global" or "shared".
func tooMany(retryAfter time.Duration, scope string) answer {
	global := scope == "global"
	message := "You are being rate limited."
	a := jsonAnswer(http.StatusTooManyRequests, object{
		"message": message, "retry_after": math.Ceil(retryAfter.Seconds()*1000) / 1000, "global": global,
	})
	a.header.Set("Retry-After", wholeSeconds(retryAfter))
	a.header.Set("X-RateLimit-Scope", scope)
	if global {
		a.header.Set("X-RateLimit-Global", "true")
		a.header.Set("X-RateLimit-Reset-After", seconds(retryAfter))
	}
	return a
}

// seconds writes a duration as Discord does, rounded up to the millisecond.
func seconds(d time.Duration) string {
	return fmt.Sprintf("%.3f", math.Ceil(max(d, 0).Seconds()*1000)/1000)
}

func wholeSeconds(d time.Duration) string {
	return strconv.Itoa(int(math.Ceil(max(d, 0).Seconds())))
}
