package embedded

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"
)

// The samples: a few people have more sessions than they should, and some
// sessions never expire, so that the questions of the guide find something.
const (
	people     = 48
	byUUID     = 136 // sessions whose key does not name a person
	withoutTTL = 23
)

// sample fills a server.
type sample struct {
	*Server
	random *rand.Rand
	now    time.Time
	made   int
}

func (s *Server) fill(seed int64, now time.Time) error {
	f := &sample{Server: s, random: rand.New(rand.NewPCG(uint64(seed), 2026)), now: now}
	if err := f.session("session:abc123", "ada"); err != nil { // the guide's own example
		return err
	}
	for i := range people {
		uid := person(i)
		for range f.sessionsOf(i) {
			if err := f.session(fmt.Sprintf("session:user:%s:{%s}%s", uid, tag(uid), f.hex(16)), uid); err != nil {
				return err
			}
		}
	}
	for range byUUID {
		if err := f.session("session:"+f.uuid(), person(f.random.IntN(people))); err != nil {
			return err
		}
	}
	return f.others()
}

// sessionsOf answers how many sessions a person has: most have a few, the
// first ones too many.
func (f *sample) sessionsOf(i int) int {
	switch i {
	case 0:
		return 14
	case 1, 2:
		return 9
	}
	return 1 + f.random.IntN(6)
}

func person(i int) string {
	names := []string{"john", "mary", "li", "amara", "sven", "noor", "kofi", "ines"}
	if i < len(names) {
		return names[i] + "@example.com"
	}
	return fmt.Sprintf("%s.%02d@example.com", names[i%len(names)], i)
}

// tag keeps a person's keys in one slot of a Cluster.
func tag(uid string) string {
	sum := sha256.Sum256([]byte(uid))
	return hex.EncodeToString(sum[:3])
}

// lifetime is how long a session lives after its last access.
const lifetime = 24 * time.Hour

// session stores one session as the guide's back end does, which sets its TTL
// anew with every access.
func (f *sample) session(key, uid string) error {
	age := time.Duration(f.random.Int64N(int64(20 * time.Hour)))
	idle := time.Duration(f.random.Int64N(int64(age) + 1))
	value := fmt.Sprintf(`{"user_id": %q, "ip": "203.0.113.%d", "created_at": %.6f, "last_accessed": %.6f}`,
		uid, 1+f.random.IntN(250), seconds(f.now.Add(-age)), seconds(f.now.Add(-idle)))
	if err := f.mini.Set(key, value); err != nil {
		return err
	}
	f.made++
	if f.made%14 != 0 || f.made/14 > withoutTTL {
		f.mini.SetTTL(key, lifetime-idle)
	}
	return nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

func (f *sample) hex(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(f.random.Uint32())
	}
	return hex.EncodeToString(b)
}

func (f *sample) uuid() string {
	h := []byte(f.hex(16))
	h[12], h[16] = '4', "89ab"[f.random.IntN(4)]
	return fmt.Sprintf("%s-%s-%s-%s-%s", h[:8], h[8:12], h[12:16], h[16:20], h[20:])
}

// others are keys of other kinds than sessions.
func (f *sample) others() error {
	for i := range 12 {
		key := fmt.Sprintf("cache:page:%d", i)
		if err := f.mini.Set(key, "<html>page "+fmt.Sprint(i)+"</html>"); err != nil {
			return err
		}
		f.mini.SetTTL(key, time.Duration(1+f.random.IntN(3600))*time.Second)
	}
	for _, mail := range []string{"welcome", "invoice", "reminder"} {
		if _, err := f.mini.RPush("queue:mail", mail); err != nil {
			return err
		}
	}
	f.mini.HSet("features", "dark_mode", "on", "beta", "off")
	if _, err := f.mini.SAdd("online", person(0), person(1), person(2)); err != nil {
		return err
	}
	for i := range 20 {
		at := f.now.Add(time.Duration(i-20) * 3 * time.Minute)
		fields := []string{"user", person(f.random.IntN(people)), "event", "login"}
		if _, err := f.mini.XAdd("events:logins", fmt.Sprintf("%d-0", at.UnixMilli()), fields); err != nil {
			return err
		}
	}
	for i := range 5 {
		if _, err := f.mini.ZAdd("leaderboard", float64(100-7*i), person(i)); err != nil {
			return err
		}
	}
	return nil
}
