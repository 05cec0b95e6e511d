package api

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.uber.org/zap"
)

const (
	// answerTime bounds how long a request may take once it has been read.
	answerTime = 20 * time.Second

	// refusalInterval is how often a refused key is logged at most.
	refusalInterval = time.Minute
)

// allowedHosts answers by which names the service may be called: those that are
// configured, or the machine's own.
func allowedHosts(configured []string, listen string) []string {
	if len(configured) > 0 {
		hosts := make([]string, len(configured))
		for i, host := range configured {
			hosts[i] = strings.ToLower(host)
		}
		return hosts
	}
	hosts := []string{"localhost", "127.0.0.1", "::1"}
	host, _, err := net.SplitHostPort(listen)
	if addr, notAddr := netip.ParseAddr(host); err == nil && host != "" && (notAddr != nil || !addr.IsUnspecified()) {
		hosts = append(hosts, strings.ToLower(host))
	}
	return hosts
}

// guarded refuses requests that no back end of ours makes: those for another
// host, which a page can send by a name that it has pointed at us, and those
// that a page of another origin sends. What passes is on the clock.
func (s *Server) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Cache-Control", "no-store")
		header.Set("X-Content-Type-Options", "nosniff")
		switch {
		case !slices.Contains(s.hosts, hostOf(r)):
			write(w, &problem{Type: "host", Status: http.StatusMisdirectedRequest,
				Detail: "The service is not called by the name in the header Host; the setting api.hosts lists its names."})
			return
		case len(r.Header.Values("Origin")) > 0:
			write(w, &problem{Type: "origin", Status: http.StatusForbidden,
				Detail: "The service is for back ends, and a request with the header Origin is a browser's. A proxy has to leave that header out."})
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), answerTime)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// hostOf answers the host that a request names, without its port.
func hostOf(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = strings.TrimSuffix(strings.TrimPrefix(r.Host, "["), "]")
	}
	return strings.ToLower(host)
}

// answering does what a route is for, for those who may ask for it.
func (s *Server) answering(do route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		name, err := s.admit(do, r)
		if err == nil {
			err = do.handle(w, r)
		}
		outcome := "done"
		if err != nil {
			p := problemOf(err)
			write(w, p)
			outcome = p.Type
		}
		if outcome == unavailable && r.Context().Err() != context.Canceled {
			s.log.Error("a request of the session service failed", zap.String("route", r.Pattern), zap.String("key", name), zap.Error(err))
		}
		s.log.Debug("answered a request of the session service", zap.String("route", r.Pattern),
			zap.String("key", name), zap.String("outcome", outcome), zap.Duration("took", time.Since(began)))
	})
}

// admit answers the name of the key that a request shows, if it may do what it
// asks for now. What needs no scope needs no key.
func (s *Server) admit(do route, r *http.Request) (name string, err error) {
	if do.scope == "" {
		return "", nil
	}
	place, ok := s.keyOf(r)
	if !ok {
		s.refusals.Do(func() {
			s.log.Warn("requests of the session service without a valid key are refused", zap.String("route", r.Pattern), zap.String("from", r.RemoteAddr))
		})
		return "", &problem{Type: "key", Status: http.StatusUnauthorized, challenge: `Bearer realm="helix"`,
			Detail: "A key is needed: Authorization: Bearer SECRET, with the secret of an entry of api.keys."}
	}
	k := &s.keys[place]
	switch {
	case !k.allows(do.scope):
		return k.name, &problem{Type: "scope", Status: http.StatusForbidden,
			Detail: fmt.Sprintf("The key %s has not the scope %s, which this takes.", k.name, do.scope)}
	case !s.limits[place].Allow():
		return k.name, &problem{Type: "rate", Status: http.StatusTooManyRequests, RetryAfter: 1,
			Detail: "The key makes more requests than api.rate allows."}
	}
	return k.name, nil
}
