// Package httpsession ties the sessions of a sessions.Store to the requests of a
// net/http server by a cookie. Handler checks the cookie of each request;
// SignIn, Rotate and SignOut change what it stands for. Cookie settings are those
// in force at each request.
//
// It never takes a session for missing because Redis did not answer, never
// accepts a cookie that was sent twice, and never believes an address that a
// client names.
package httpsession

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/helix-collective/helix/clientip"
	"github.com/helix-collective/helix/sessions"
)

// Store is what is used of a *sessions.Store.
type Store interface {
	Create(context.Context, sessions.Request) (sessions.Token, sessions.Session, error)
	Validate(ctx context.Context, token sessions.Token, ip string) (sessions.Session, error)
	Regenerate(context.Context, sessions.Token, sessions.Request) (sessions.Token, sessions.Session, error)
	Destroy(context.Context, sessions.Token) error
	DestroyUser(ctx context.Context, userID string, except ...string) (int, error)
}

// Options say how requests carry sessions.
type Options struct {
	// Cookie answers the cookie settings in force. See Live and Fixed.
	Cookie func() Cookie

	// Proxies are whose X-Forwarded-For is believed.
	Proxies clientip.Proxies

	// Fault answers a request whose session could not be looked up. Where it is
	// nil that is 503 without a body.
	Fault func(w http.ResponseWriter, r *http.Request, err error)
}

// Manager ties sessions to requests. Its methods may be called from several
// goroutines.
type Manager struct {
	store Store
	o     Options
}

// New answers a Manager of the sessions in store.
func New(store Store, o Options) *Manager {
	if o.Fault == nil {
		o.Fault = unavailable
	}
	return &Manager{store: store, o: o}
}

func unavailable(w http.ResponseWriter, _ *http.Request, _ error) {
	w.WriteHeader(http.StatusServiceUnavailable)
}

// Handler passes each request on to next with its session, which From answers
// there. It counts as a use of the session. A request without a session that may
// be used is passed on as well; Require refuses it. The cookie of a session that
// is over is left alone: a request that was on its way while the session was
// regenerated would otherwise delete the new cookie.
func (m *Manager) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Cookie")
		c, err := m.look(r)
		if err != nil {
			m.o.Fault(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), key{}, c)))
	})
}

// Require passes requests of signed-in people on to next and answers all others
// 401. It stands inside Handler.
func (m *Manager) Require(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s, ok := From(r.Context()); !ok || s.UserID == "" {
			w.Header().Set("Cache-Control", "no-store")
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// From answers the session of a request that has passed Handler, as it stands
// after what this request has changed. ok is false where there is none.
func From(ctx context.Context) (s sessions.Session, ok bool) {
	c, ok := ctx.Value(key{}).(*current)
	if !ok {
		return sessions.Session{}, false
	}
	_, s, ok = c.get()
	return s, ok
}

// key is under which a context holds the *current.
type key struct{}

// current is the session of one request.
type current struct {
	address string // the client's; empty where it is not known

	mu      sync.Mutex
	token   sessions.Token // empty: there is none
	session sessions.Session
}

func (c *current) get() (sessions.Token, sessions.Session, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.token, c.session, c.token != ""
}

func (c *current) set(token sessions.Token, s sessions.Session) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token, c.session = token, s
}

// look answers the session of a request. The error is a fault alone.
func (m *Manager) look(r *http.Request) (*current, error) {
	c := &current{}
	if addr, ok := m.o.Proxies.Client(r.RemoteAddr, r.Header.Values("X-Forwarded-For")); ok {
		c.address = addr.String()
	}
	token, ok := m.o.Cookie().Token(r)
	if !ok {
		return c, nil
	}
	s, err := m.store.Validate(r.Context(), token, c.address)
	switch {
	case errors.Is(err, sessions.ErrNoSession):
		return c, nil
	case err != nil:
		return nil, err
	}
	c.set(token, s)
	return c, nil
}
