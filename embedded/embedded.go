// Package embedded runs a small Redis inside the process, on loopback, filled
// with sample sessions: what Helix talks to when no other is configured. It
// keeps nothing on disk and listens on 127.0.0.1 alone.
//
// It is miniredis, held to a Redis 7.0: it answers the commands that both have,
// with that server's own table of commands and its words for a wrong one,
// and besides what miniredis lacks and people ask for (INFO, CONFIG, CLIENT,
// MONITOR, SCAN in steps, the empty logs of a server where nothing is slow).
package embedded

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
)

// Options shapes a Server. The zero value is what Helix starts by itself.
type Options struct {
	Seed  int64 // decides the sample sessions
	Empty bool  // start without sample sessions
}

// Server is a running embedded Redis. Its methods may be called from several
// goroutines.
type Server struct {
	mini        *miniredis.Miniredis
	dispatcher  *server.Server // mini's own, which it forgets when it is closed
	listener    net.Listener
	table       *commandTable
	substitutes map[string]func(*call)
	config      *config
	clients     *clients
	monitors    *monitors
	scans       *scans
	scripts     *scripts
	memory      *memoryEstimate
	stats       stats
	runID       string
	started     time.Time

	still   sync.RWMutex // held by commands that run, and alone while time passes
	running sync.WaitGroup
	close   func()
}

// Start starts a server on a free port of 127.0.0.1. It runs until Close.
func Start(ctx context.Context, options Options) (*Server, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	table, err := parseCommands(commandText)
	if err != nil {
		return nil, fmt.Errorf("read the command table: %w", err)
	}
	s := &Server{
		mini: miniredis.NewMiniRedis(), table: table, substitutes: substitutes(),
		clients: newClients(), monitors: newMonitors(), scans: newScans(), scripts: newScripts(), memory: &memoryEstimate{},
		runID: newRunID(), started: time.Now(),
	}
	if !options.Empty {
		if err := s.fill(options.Seed, time.Now()); err != nil {
			return nil, fmt.Errorf("fill in sample sessions: %w", err)
		}
	}
	if err := s.listen(ctx); err != nil {
		return nil, fmt.Errorf("listen on loopback: %w", err)
	}
	clock, stop := context.WithCancel(context.Background())
	s.running.Go(s.accept)
	s.running.Go(func() { s.countDown(clock) })
	s.close = sync.OnceFunc(func() {
		stop()
		s.end()
	})
	return s, nil
}

// listen prepares to serve. Connections are accepted here, and not by miniredis,
// so that it is known where they come from.
func (s *Server) listen(ctx context.Context) (err error) {
	var config net.ListenConfig
	if s.listener, err = config.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return err
	}
	s.config = newConfig(strconv.Itoa(s.listener.Addr().(*net.TCPAddr).Port))
	start, err := s.mini.Dial() // which starts it without a listener of its own
	if err != nil {
		s.listener.Close()
		return err
	}
	start.Close()
	s.dispatcher = s.mini.Server()
	s.dispatcher.SetPreHook(s.hook)
	return nil
}

// accept serves connections until the listener is closed.
func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			time.Sleep(acceptPause)
		default:
			s.stats.connections.Add(1)
			s.dispatcher.ServeConn(s.clients.accept(conn))
		}
	}
}

// acceptPause is how long to wait when no connection can be accepted, as when
// the process has too many files open.
const acceptPause = 10 * time.Millisecond

func newRunID() string {
	var b [20]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Addr answers where the server listens, as host:port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// URL answers the address as the setting redis.url takes it.
func (s *Server) URL() string { return "redis://" + s.Addr() }

// Close ends the server and every connection to it, and waits for both. A
// second Close does nothing.
func (s *Server) Close() error {
	s.close()
	return nil
}

func (s *Server) end() {
	s.listener.Close()
	s.running.Wait()
	s.mini.Close()
	s.monitors.running.Wait()
}
