package httpsession

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/helix-collective/helix/sessions"
)

// ErrOutside says that a request has not passed Handler.
var ErrOutside = errors.New("the request has not passed the session handler")

// Visit begins an anonymous session with data, which is JSON or nil, where the
// request has no session, and sets the cookie. Where it has one, that is
// answered as it is. Like all methods that set the cookie it has to be called
// before the response is begun. The errors are those of sessions.Store.Create.
func (m *Manager) Visit(w http.ResponseWriter, r *http.Request, data []byte) (sessions.Session, error) {
	c, err := of(r)
	if err != nil {
		return sessions.Session{}, err
	}
	if _, s, ok := c.get(); ok {
		return s, nil
	}
	return m.keep(w, c)(m.store.Create(r.Context(), c.request(r, "", data)))
}

// SignIn makes the request's session one of a person and sets the cookie. The
// token that the request came with is dead before the new one is answered, which
// defeats session fixation; only where redis.session_regenerate_on_auth is off
// and the session is the person's already does it stay. A request without a
// session gets a new one, as does one whose session has ended meanwhile. Data is
// JSON; where it is nil, that of the request's session goes along.
//
// The errors are those of sessions.Store.Regenerate; with one, the request's
// session goes on. The caller has checked who it is.
func (m *Manager) SignIn(w http.ResponseWriter, r *http.Request, userID string, data []byte) (sessions.Session, error) {
	c, err := of(r)
	switch {
	case err != nil:
		return sessions.Session{}, err
	case userID == "":
		return sessions.Session{}, &sessions.InputError{Field: "user_id", Reason: "empty"}
	}
	request := c.request(r, userID, data)
	if token, _, ok := c.get(); ok {
		s, err := m.keep(w, c)(m.store.Regenerate(r.Context(), token, request))
		if !errors.Is(err, sessions.ErrNoSession) {
			return s, err
		}
	}
	return m.keep(w, c)(m.store.Create(r.Context(), request))
}

// Rotate replaces the token of the request's session and sets the cookie, as is
// good after a change of rights. Requests in flight go on for the grace of the
// policy. The errors are those of sessions.Store.Regenerate: ErrNoSession where
// there is none, or where another request has replaced it already, whose cookie
// is the one that counts.
func (m *Manager) Rotate(w http.ResponseWriter, r *http.Request) (sessions.Session, error) {
	c, err := of(r)
	if err != nil {
		return sessions.Session{}, err
	}
	token, _, ok := c.get()
	if !ok {
		return sessions.Session{}, sessions.ErrNoSession
	}
	return m.keep(w, c)(m.store.Regenerate(r.Context(), token, c.request(r, "", nil)))
}

// SignOut ends the request's session and clears the cookie. The cookie is cleared
// even where the error says that the session could not be ended: it then lasts
// until its idle timeout.
func (m *Manager) SignOut(w http.ResponseWriter, r *http.Request) error {
	c, err := of(r)
	if err != nil {
		return err
	}
	m.o.Cookie().clear(w)
	token, _, ok := c.get()
	if !ok {
		return nil
	}
	if err := m.store.Destroy(r.Context(), token); err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	c.set("", sessions.Session{})
	return nil
}

// SignOutElsewhere ends all sessions of the request's person but its own, and
// answers how many it ended.
func (m *Manager) SignOutElsewhere(r *http.Request) (int, error) {
	s, ok := From(r.Context())
	if !ok || s.UserID == "" {
		return 0, sessions.ErrNoSession
	}
	return m.store.DestroyUser(r.Context(), s.UserID, s.ID)
}

func of(r *http.Request) (*current, error) {
	c, ok := r.Context().Value(key{}).(*current)
	if !ok {
		return nil, ErrOutside
	}
	return c, nil
}

func (c *current) request(r *http.Request, userID string, data []byte) sessions.Request {
	return sessions.Request{UserID: userID, IP: c.address, UserAgent: r.UserAgent(), Data: data}
}

// keep answers what takes the outcome of a change: it sets the cookie and makes
// the session the request's.
func (m *Manager) keep(w http.ResponseWriter, c *current) func(sessions.Token, sessions.Session, error) (sessions.Session, error) {
	return func(token sessions.Token, s sessions.Session, err error) (sessions.Session, error) {
		if err != nil {
			return sessions.Session{}, err
		}
		m.o.Cookie().set(w, token)
		c.set(token, s)
		return s, nil
	}
}
