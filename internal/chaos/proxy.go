// Package chaos holds a proxy that makes a network bad, and the campaign that
// holds what Helix promises against servers, networks, a Discord and instances
// that fail (its tests). It is no part of Helix, and never reaches beyond the
// loopback interface.
package chaos

import (
	"fmt"
	"net"
	"sync"
	"time"
)

// Side tells apart who connects: servers use another address of the loopback
// interface than Helix.
type Side int

const (
	Clients Side = iota // from 127.0.0.1: Helix
	Servers             // from ServersFrom: replicas, Cluster nodes and Sentinels
)

// ServersFrom is where servers have to connect from to be told apart from Helix.
const ServersFrom = "127.0.0.2"

// Weather is what becomes of a side's connections. The zero Weather lets
// everything pass.
type Weather struct {
	// Refuse cuts connections, and new ones as soon as they are made.
	Refuse bool
	// HoldRequests and HoldReplies let nothing pass in one direction. As with TCP
	// on a bad line, what was sent arrives once they end, even if its sender has
	// gone meanwhile.
	HoldRequests, HoldReplies bool
	// Delay is how much later each piece arrives.
	Delay time.Duration
	// CutReplies cuts a connection after so many bytes of replies; 0: not at all.
	CutReplies int
}

// Proxy is an address that leads to a server through the weather. Its methods may
// be called from several goroutines.
type Proxy struct {
	listener net.Listener
	closing  chan struct{}
	running  sync.WaitGroup

	mu      sync.Mutex
	target  string
	weather [2]Weather
	changed chan struct{} // closed, and made anew, with each change of the weather
	links   map[*link]struct{}
}

// Listen opens a proxy on a free port of 127.0.0.1. Close ends it.
func Listen() (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("open a proxy: %w", err)
	}
	p := &Proxy{listener: l, closing: make(chan struct{}), changed: make(chan struct{}), links: make(map[*link]struct{})}
	p.running.Go(p.accept)
	return p, nil
}

// Addr answers where the proxy listens, host:port.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Lead says where new connections lead. Until then they are cut.
func (p *Proxy) Lead(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Set changes the weather of a side.
func (p *Proxy) Set(side Side, w Weather) {
	p.mu.Lock()
	p.weather[side] = w
	close(p.changed)
	p.changed = make(chan struct{})
	p.mu.Unlock()
	if w.Refuse {
		p.Cut(side)
	}
}

// Cut ends the connections of a side that there are now.
func (p *Proxy) Cut(side Side) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		if l.side == side {
			l.cut()
		}
	}
}

// Close ends the proxy with all its connections, and waits until nothing runs.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	close(p.closing)
	p.Cut(Clients)
	p.Cut(Servers)
	p.running.Wait()
	return err
}

// now answers the weather of a side, and what is closed when it changes.
func (p *Proxy) now(side Side) (Weather, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.weather[side], p.changed
}

func (p *Proxy) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return // the proxy is closed
		}
		p.running.Go(func() { p.serve(conn) })
	}
}

// serve leads one connection to the server until it ends.
func (p *Proxy) serve(from net.Conn) {
	defer from.Close()
	side := sideOf(from)
	if w, _ := p.now(side); w.Refuse {
		return
	}
	l, ok := p.open(from, side)
	if !ok {
		return
	}
	defer p.forget(l)
	var both sync.WaitGroup
	both.Go(func() { l.pump(l.from, l.to, func(w Weather) bool { return w.HoldRequests }, false) })
	both.Go(func() { l.pump(l.to, l.from, func(w Weather) bool { return w.HoldReplies }, true) })
	both.Wait()
}

func sideOf(conn net.Conn) Side {
	if host, _, _ := net.SplitHostPort(conn.RemoteAddr().String()); host == ServersFrom {
		return Servers
	}
	return Clients
}

func (p *Proxy) open(from net.Conn, side Side) (*link, bool) {
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	to, err := net.DialTimeout("tcp", target, time.Second)
	if err != nil {
		return nil, false // nobody listens there: whoever came is cut off
	}
	l := &link{proxy: p, side: side, from: from, to: to, gone: make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.links[l] = struct{}{}
	select {
	case <-p.closing:
		l.cut()
	default:
	}
	return l, true
}

func (p *Proxy) forget(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l.cut()
	delete(p.links, l)
}

// link is one connection through a proxy.
type link struct {
	proxy    *Proxy
	side     Side
	from, to net.Conn

	once sync.Once
	gone chan struct{}
}

// cut ends a link at once, without a word to either end.
func (l *link) cut() {
	l.once.Do(func() {
		close(l.gone)
		for _, conn := range []net.Conn{l.from, l.to} {
			if tcp, ok := conn.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // without it the end would look orderly
			}
			_ = conn.Close() // it may have ended by itself
		}
	})
}

// pump carries one direction until either end has gone. What was read before the
// sender went still arrives.
func (l *link) pump(from, to net.Conn, held func(Weather) bool, replies bool) {
	buffer := make([]byte, 32<<10)
	passed := 0
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			w, ok := l.pass(held)
			if !ok {
				return
			}
			if passed += n; replies && w.CutReplies > 0 && passed > w.CutReplies {
				n = max(n-(passed-w.CutReplies), 0)
				err = net.ErrClosed
			}
			if _, failed := to.Write(buffer[:n]); failed != nil {
				err = failed
			}
		}
		if err != nil {
			l.end(to)
			return
		}
	}
}

// end ends a link in the order of TCP: what was written before is delivered.
func (l *link) end(to net.Conn) {
	if tcp, ok := to.(*net.TCPConn); ok {
		_ = tcp.CloseWrite() // it may have ended by itself
	}
	l.once.Do(func() {
		close(l.gone)
		_ = l.from.Close()
		_ = l.to.Close()
	})
}

// pass waits until the weather lets a piece pass, and answers the weather then.
// ok is false if the link was cut meanwhile.
func (l *link) pass(held func(Weather) bool) (w Weather, ok bool) {
	for {
		w, changed := l.proxy.now(l.side)
		if !held(w) {
			return w, l.late(w.Delay)
		}
		select {
		case <-changed:
		case <-l.gone:
			return w, false
		}
	}
}

// late waits; false if the link was cut meanwhile.
func (l *link) late(by time.Duration) bool {
	if by == 0 {
		return true
	}
	timer := time.NewTimer(by)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-l.gone:
		return false
	}
}
