package change

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"
)

// sessions keeps connections that are free again, by the server they lead to.
type sessions struct {
	ctx context.Context

	mu   sync.Mutex
	free map[*redis.Client][]*session
	to   map[*session]*redis.Client
	age  map[*redis.Client]int // counts the times that a server was given up
	has  map[*redis.Client]int // replicas that it should have, when it was met

	believed map[string]bool // servers, by their run ids
}

func newSessions(ctx context.Context) *sessions {
	return &sessions{
		ctx: ctx, free: make(map[*redis.Client][]*session), to: make(map[*session]*redis.Client),
		age: make(map[*redis.Client]int), has: make(map[*redis.Client]int), believed: make(map[string]bool),
	}
}

func (s *sessions) take(client *redis.Client) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.free[client]
	if len(list) == 0 {
		made := newSession(s.ctx, client, s.reached)
		made.age, s.to[made] = s.age[client], client
		return made
	}
	taken := list[len(list)-1]
	s.free[client] = list[:len(list)-1]
	if taken.age < s.age[client] {
		taken.drop()
		taken.age = s.age[client]
	}
	return taken
}

func (s *sessions) give(back *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	client := s.to[back]
	s.free[client] = append(s.free[client], back)
}

// cut cuts a session whose server went away, or takes no changes any more, and all
// others that lead there: where another server took its place, it may still answer on
// them, and lose again what it confirms.
func (s *sessions) cut(one *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	client := s.to[one]
	if one.age < s.age[client] {
		return // those that were as old are cut, and younger ones lead elsewhere
	}
	s.age[client]++
	for other, leads := range s.to {
		if conn := other.link.Conn(); leads == client && conn != nil {
			conn.Close()
		}
	}
}

// met reports whether the server that a session leads to has been met.
func (s *sessions) met(by *session) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, met := s.has[s.to[by]]
	return met
}

// meet notes how many replicas the server that a session leads to should have.
func (s *sessions) meet(by *session, replicas int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.has[s.to[by]] = replicas
}

// replicas answers how many replicas a server should have had when it was met.
func (s *sessions) replicas(client *redis.Client) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.has[client]
}

// reached notes whom a new connection leads to. One that is not believed yet may
// have taken the place of any that is.
func (s *sessions) reached(server string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.believed[server] {
		clear(s.believed)
	}
}

// believe notes that a server is still the one after it has been asked for long
// enough.
func (s *sessions) believe(server string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.believed[server] = server != ""
}

// believes reports whether what a server does not know of was not made: it is
// believed, or there is none that could take its place.
func (s *sessions) believes(server string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.believed[server] || !slices.ContainsFunc(slices.Collect(maps.Values(s.has)), func(replicas int) bool { return replicas > 0 })
}

// servers lists all that sessions lead to.
func (s *sessions) servers() []*redis.Client {
	s.mu.Lock()
	defer s.mu.Unlock()
	servers := make(map[*redis.Client]bool)
	for _, client := range s.to {
		servers[client] = true
	}
	return slices.Collect(maps.Keys(servers))
}

func (s *sessions) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for session := range s.to {
		session.end()
	}
}

// release lets a batch's sessions go, for others to use.
func (r *run) release(b *batch) {
	for _, u := range b.units {
		r.letGo(u)
	}
}

func (r *run) letGo(u *unit) {
	if u.session != nil {
		r.sessions.give(u.session)
		u.session = nil
	}
}
