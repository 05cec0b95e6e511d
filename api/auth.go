package api

import (
	"net/http"
	"net/url"

	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/sessions/httpsession"
)

// auth tells a proxy whether the request that it holds is a signed-in person's:
// 204 with the percent-encoded id in X-Session-User, or 401. The session cookie
// is the request's, the client's address what a trusted proxy says of it.
func (s *Server) auth(w http.ResponseWriter, r *http.Request) error {
	token, ok := httpsession.CookieOf(s.settings.Snapshot()).Token(r)
	if !ok {
		return sessions.ErrNoSession
	}
	ip := ""
	if client, ok := s.proxies.Client(r.RemoteAddr, r.Header.Values("X-Forwarded-For")); ok {
		ip = client.String()
	}
	found, err := s.store.Validate(r.Context(), token, ip)
	if err != nil {
		return err
	}
	if found.UserID == "" {
		return sessions.ErrNoSession
	}
	w.Header().Set("X-Session-User", url.PathEscape(found.UserID))
	w.WriteHeader(http.StatusNoContent)
	return nil
}
