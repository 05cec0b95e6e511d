// Package replicas knows how many replicas a Redis server should have, and waits
// until all of them have what the server was given. It never changes anything.
package replicas

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Lately remembers how many replicas servers had lately. One that is about to be
// replaced loses them, one by one, while it still takes changes: what those that
// are left confirm, the one that takes over may never have had. The zero Lately
// knows nothing yet. Its methods may be called from several goroutines.
type Lately struct {
	// Watched says that a Sentinel or a Cluster puts servers into another's place.
	// One that has just taken one should have a replica, and so should one that has
	// just started: its place may have been taken, which it does not know yet.
	Watched bool

	mu   sync.Mutex
	seen map[string]sight // by the id of what the server replicates
}

// sight is the greatest number of replicas that a server had lately.
type sight struct {
	most int
	at   time.Time
}

const (
	missed   = time.Minute // a replica is expected after it was seen last
	maxKnown = 1000        // servers; beyond that all are forgotten
)

// Look takes in what INFO answers now, replication and where it is Watched server,
// and answers how many replicas the server has, and how many it should have. A
// server that a user may not ask has none.
func (l *Lately) Look(info string, now time.Time) (has, want int) {
	has = strings.Count(info, "state=online")
	id := field(info, "master_replid")
	l.mu.Lock()
	defer l.mu.Unlock()
	last, known := l.seen[id]
	if !known && l.Watched && (strings.Trim(field(info, "master_replid2"), "0") != "" || justStarted(info)) {
		last = sight{max(1, l.greatest(now)), now}
	}
	if has >= last.most || now.Sub(last.at) > missed {
		last = sight{has, now}
	}
	if l.seen == nil || len(l.seen) >= maxKnown {
		l.seen = make(map[string]sight)
	}
	l.seen[id] = last
	return has, last.most
}

// greatest answers how many replicas any server had lately: so many are left to
// whichever takes a place.
func (l *Lately) greatest(now time.Time) (most int) {
	for _, s := range l.seen {
		if now.Sub(s.at) <= missed {
			most = max(most, s.most)
		}
	}
	return most
}

// justStarted reports whether a server runs for less than a replica is missed.
func justStarted(info string) bool {
	seconds, err := strconv.Atoi(field(info, "uptime_in_seconds"))
	return err == nil && time.Duration(seconds)*time.Second < missed
}

// Sections are those of INFO that Look needs.
func (l *Lately) Sections() []string {
	if l.Watched {
		return []string{"replication", "server"}
	}
	return []string{"replication"}
}

// field answers a field of INFO.
func field(info, name string) string {
	_, value, _ := strings.Cut(info, "\n"+name+":")
	value, _, _ = strings.Cut(value, "\r")
	return value
}

// Patience is how long whoever changed something waits for replicas, at most.
const Patience = time.Second

// Confirmed waits until all replicas that a server should have confirm all that it
// was given until now; false if they do not within the time. A server that should
// have none is confirmed at once, and so is one that refuses to tell.
func (l *Lately) Confirmed(ctx context.Context, client *redis.Client, within time.Duration) (bool, error) {
	conn := client.Conn() // WAIT waits for what was given before the last command on its connection
	defer conn.Close()
	info := ""
	for _, section := range l.Sections() {
		text, err := conn.Info(ctx, section).Result()
		if refused := redis.Error(nil); errors.As(err, &refused) {
			return true, nil
		}
		if err != nil {
			return false, fmt.Errorf("ask for replicas: %w", err)
		}
		info += text
	}
	has, want := l.Look(info, time.Now())
	if want == 0 || has < want {
		return want == 0, nil
	}
	n, err := conn.Wait(ctx, want, within).Result()
	if err != nil {
		return false, fmt.Errorf("wait for replicas: %w", err)
	}
	return n >= int64(want), nil
}
