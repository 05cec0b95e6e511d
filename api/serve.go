package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
)

// What a connection may take, so that slow ones hold nothing for long.
const (
	headerTime = 5 * time.Second
	readTime   = 15 * time.Second
	writeTime  = 45 * time.Second // from the header on: reading, answering, writing
	idleTime   = 2 * time.Minute  // longer than proxies keep theirs
	maxHeader  = 32 << 10         // browsers' cookies go through /v1/auth
	stopTime   = 10 * time.Second
)

// Listen takes the address of api.listen.
func (s *Server) Listen(ctx context.Context) (net.Listener, error) {
	var c net.ListenConfig
	l, err := c.Listen(ctx, "tcp", s.listen)
	if err != nil {
		return nil, fmt.Errorf("listen for the session service: %w", err)
	}
	return l, nil
}

// Serve answers requests on l until ctx ends; then it takes no more, and gives
// those that are under way 10 s. It closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           s.Handler(),
		ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: maxHeader,
		ErrorLog:       s.connectionLog(),
	}
	serve := server.Serve
	if s.cert != nil {
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{*s.cert}, MinVersion: tls.VersionTLS12}
		serve = func(l net.Listener) error { return server.ServeTLS(l, "", "") }
	}
	ended := make(chan error, 1)
	go func() { ended <- serve(l) }()
	s.log.Info("the session service listens", zap.String("address", l.Addr().String()), zap.Bool("tls", s.cert != nil), zap.Int("keys", len(s.keys)))
	select {
	case err := <-ended:
		return fmt.Errorf("serve sessions: %w", err)
	case <-ctx.Done():
	}
	err := stop(server)
	<-ended // it says that the server was closed
	return err
}

// connectionLog takes what goes wrong with connections, which is mostly the
// other side's doing.
func (s *Server) connectionLog() *log.Logger {
	l, err := zap.NewStdLogAt(s.log, zap.WarnLevel)
	if err != nil { // only for a level that there is not
		return nil
	}
	return l
}

// stop ends a server, and what is still under way after a while.
func stop(server *http.Server) error {
	ctx, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	err := server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = server.Close()
	}
	if err != nil {
		return fmt.Errorf("stop the session service: %w", err)
	}
	return nil
}
