// Package embedded runs a small Redis inside the process, on loopback, filled
// with sample sessions: what Helix talks to when no other is configured. It
// keeps nothing on disk and listens on 127.0.0.1 alone. It is miniredis, with
// what that lacks and people ask for: the command table, INFO, CONFIG, and the
// empty logs of a server where nothing is slow.
package embedded

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// Options shapes a Server. The zero value is what Helix starts by itself.
type Options struct {
	Seed  int64 // decides the sample sessions
	Empty bool  // start without sample sessions
}

// Server is a running embedded Redis.
type Server struct {
	mini    *miniredis.Miniredis
	table   commandTable
	runID   string
	started time.Time

	mu         sync.Mutex
	parameters map[string]string // of CONFIG
	peak       uint64            // of memory, in bytes
}

// Start starts a server on a free port of 127.0.0.1. It runs until Close.
func Start(ctx context.Context, options Options) (*Server, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	table, err := parseCommands(commandReply)
	if err != nil {
		return nil, fmt.Errorf("read the command table: %w", err)
	}
	s := &Server{
		mini: miniredis.NewMiniRedis(), table: table,
		runID: newRunID(), started: time.Now(), parameters: defaultParameters(),
	}
	if err := s.mini.StartAddr("127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	s.mini.ClockTTL(true)
	s.mini.Server().SetPreHook(s.substitute)
	if options.Empty {
		return s, nil
	}
	if err := s.fill(options.Seed, time.Now()); err != nil {
		return nil, fmt.Errorf("fill in sample sessions: %w", err)
	}
	return s, nil
}

func newRunID() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
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
