// Package api serves sessions to back ends in any language over HTTP and JSON,
// and answers proxies that ask who a request is from. openapi.json describes it.
//
// It never answers without a key that is allowed to ask, on loopback neither; it
// never logs or repeats a token, a key or a cookie; and it never answers a fault
// of Redis as "no such session".
package api

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"slices"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/helix-collective/helix/clientip"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/settings"
)

// Store is what is used of a *sessions.Store.
type Store interface {
	Create(context.Context, sessions.Request) (sessions.Token, sessions.Session, error)
	Validate(ctx context.Context, token sessions.Token, ip string) (sessions.Session, error)
	Regenerate(context.Context, sessions.Token, sessions.Request) (sessions.Token, sessions.Session, error)
	Destroy(context.Context, sessions.Token) error
	List(ctx context.Context, userID string) ([]sessions.Session, error)
	DestroyUser(ctx context.Context, userID string, except ...string) (int, error)
}

// Options are what a Server is told once.
type Options struct {
	Store Store

	// Settings are those in force. The api.* among them are read by New alone.
	Settings interface{ Snapshot() *settings.Snapshot }

	Log *zap.Logger
}

// Server is the session service.
type Server struct {
	store    Store
	settings interface{ Snapshot() *settings.Snapshot }
	log      *zap.Logger

	keys     []key
	limits   []*rate.Limiter // of the keys, in their order
	hosts    []string
	proxies  clientip.Proxies
	maxBody  int64
	listen   string
	cert     *tls.Certificate // nil: plain HTTP
	refusals rate.Sometimes   // bounds what is logged of refused keys
}

// New answers a Server by the settings api.*, or what is wrong with them, in
// words for whoever set them. Without keys, and without an address to listen on,
// there is none.
func New(o Options) (*Server, error) {
	s := o.Settings.Snapshot()
	server := &Server{
		store: o.Store, settings: o.Settings, log: o.Log,
		listen: s.Text(settings.APIListen), maxBody: s.Bytes(settings.APIMaxBody),
		refusals: rate.Sometimes{First: 1, Interval: refusalInterval},
	}
	var err error
	if server.keys, err = parseKeys(s.Secret(settings.APIKeys)); err != nil {
		return nil, err
	}
	for range server.keys {
		perSecond := s.Int(settings.APIRate)
		server.limits = append(server.limits, rate.NewLimiter(rate.Limit(perSecond), perSecond))
	}
	if server.listen == "" {
		return nil, ErrNoAddress
	}
	if server.proxies, err = clientip.NewProxies(s.List(settings.APITrustedProxies)); err != nil {
		return nil, err
	}
	server.hosts = allowedHosts(s.List(settings.APIHosts), server.listen)
	return server, server.loadCertificate(s.Text(settings.APITLSCert), s.Text(settings.APITLSKey))
}

func (s *Server) loadCertificate(cert, key string) error {
	if cert == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("read %s and %s: %w", settings.APITLSCert, settings.APITLSKey, err)
	}
	s.cert = &pair
	return nil
}

// route is one thing that the service does.
type route struct {
	method, path string
	scope        string // that a key needs; empty: no key is needed
	handle       func(http.ResponseWriter, *http.Request) error
}

func (s *Server) routes() []route {
	return []route{
		{http.MethodPost, "/v1/sessions", scopeSessions, s.create},
		{http.MethodPost, "/v1/sessions/validate", scopeSessions, s.validate},
		{http.MethodPost, "/v1/sessions/regenerate", scopeSessions, s.regenerate},
		{http.MethodPost, "/v1/sessions/destroy", scopeSessions, s.destroy},
		{http.MethodGet, "/v1/users/{user_id}/sessions", scopeUsers, s.list},
		{http.MethodDelete, "/v1/users/{user_id}/sessions", scopeUsers, s.end},
		{http.MethodGet, "/v1/auth", scopeAuth, s.auth},
		{http.MethodGet, "/v1/policy", scopePolicy, s.policy},
		{http.MethodGet, "/openapi.json", "", describe},
	}
}

// Handler answers the service's requests.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	allowed := make(map[string][]string)
	for _, r := range s.routes() {
		mux.Handle(r.method+" "+r.path, s.answering(r))
		allowed[r.path] = append(allowed[r.path], r.method)
	}
	for path, methods := range allowed {
		mux.Handle(path, s.answering(route{path: path, handle: notAllowed(methods)}))
	}
	mux.Handle("/", s.answering(route{path: "/", handle: notFound}))
	return s.guarded(mux)
}

func notFound(http.ResponseWriter, *http.Request) error {
	return &problem{Type: "not-found", Status: http.StatusNotFound, Detail: "There is nothing here; /openapi.json describes what there is."}
}

func notAllowed(methods []string) func(http.ResponseWriter, *http.Request) error {
	slices.Sort(methods)
	return func(w http.ResponseWriter, _ *http.Request) error {
		for _, m := range methods {
			w.Header().Add("Allow", m)
		}
		return &problem{Type: "method-not-allowed", Status: http.StatusMethodNotAllowed, Detail: "The header Allow names the methods that work here."}
	}
}
