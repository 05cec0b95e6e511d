// Package health answers /livez, /readyz and /metrics, and tells a dead-man's
// switch that all is well. It answers with what it is told to ask and measures
// nothing itself; it changes nothing, and shows nothing that people typed.
package health

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.uber.org/zap"
)

// Check is one thing that has to be in order.
type Check struct {
	Name string
	// Ask answers what is wrong, in words that may be shown; nil if nothing is.
	Ask func(ctx context.Context) error
	// Note says more of what is in order, in words that may be shown; it may be nil.
	Note func() string
}

// Options is what a Server works with. Metrics and Log are needed.
type Options struct {
	// Live are the checks of /livez: if one of them fails, only a restart helps.
	Live []Check
	// Ready are the further ones of /readyz: if one of them fails, it cannot do
	// its work now, but may again by itself.
	Ready   []Check
	Metrics *Metrics
	Log     *zap.Logger
}

// Server answers over HTTP.
type Server struct {
	options Options
	handler http.Handler
}

// New returns a Server.
func New(o Options) *Server {
	s := &Server{options: o}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", s.answer(o.Live))
	mux.HandleFunc("GET /readyz", s.answer(append(append([]Check(nil), o.Live...), o.Ready...)))
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Metrics.registry, promhttp.HandlerOpts{
		ErrorLog: zap.NewStdLog(o.Log), MaxRequestsInFlight: metricsAtOnce, Timeout: answerWithin,
	}))
	s.handler = mux
	return s
}

const (
	metricsAtOnce = 4
	// answerWithin is how long all checks together, or the metrics, may take.
	answerWithin = 5 * time.Second
	headWithin   = 5 * time.Second
	idleFor      = time.Minute
	closeWithin  = 2 * time.Second
	maxHead      = 8 << 10 // bytes
)

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Listen takes the address.
func Listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for health checks: %w", err)
	}
	return l, nil
}

// Serve answers on a listener until ctx ends.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: s, ReadHeaderTimeout: headWithin, WriteTimeout: 2 * answerWithin, IdleTimeout: idleFor,
		MaxHeaderBytes: maxHead, ErrorLog: zap.NewStdLog(s.options.Log),
	}
	stop := context.AfterFunc(ctx, func() {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
		if server.Shutdown(bounded) != nil {
			_ = server.Close() // what is still open has had its time
		}
	})
	defer stop()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("answer health checks: %w", err)
	}
	return nil
}
