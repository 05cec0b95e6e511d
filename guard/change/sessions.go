package change

import (
	"context"
	"sync"

	"github.com/redis/go-redis/v9"
)

// sessions keeps connections that are free again, by the server they lead to.
type sessions struct {
	ctx context.Context

	mu   sync.Mutex
	free map[*redis.Client][]*session
	to   map[*session]*redis.Client
}

func newSessions(ctx context.Context) *sessions {
	return &sessions{ctx: ctx, free: make(map[*redis.Client][]*session), to: make(map[*session]*redis.Client)}
}

func (s *sessions) take(client *redis.Client) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	if list := s.free[client]; len(list) > 0 {
		s.free[client] = list[:len(list)-1]
		return list[len(list)-1]
	}
	made := newSession(s.ctx, client)
	s.to[made] = client
	return made
}

func (s *sessions) give(back *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	client := s.to[back]
	s.free[client] = append(s.free[client], back)
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
		if u.session != nil {
			r.sessions.give(u.session)
			u.session = nil
		}
	}
}
