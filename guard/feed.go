package guard

import (
	"context"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/link"
)

const (
	maxViewRate = 200     // lines a second that a live view passes on
	maxViewHeld = 1 << 20 // bytes that wait to be passed on
)

// feed takes what servers send for a live view. It reads as fast as they send,
// so that nothing piles up there, and drops what is too much.
type feed struct {
	lines   chan fed
	ended   chan error // a server that sends no more
	readers sync.WaitGroup

	mu     sync.Mutex
	since  time.Time // the second that passed counts in
	passed int
	held   int
	left   int64 // out
}

// fed is one reply, and the server that it came from where there are several.
type fed struct {
	raw  []byte
	from string
}

func newFeed(servers int) *feed {
	return &feed{lines: make(chan fed, maxViewRate), ended: make(chan error, servers)}
}

// follow sends a command on a connection of its own and takes everything that
// comes back, until ctx ends. The connection is closed once readers has been
// waited for.
func (f *feed) follow(ctx context.Context, server *redis.Client, command []string, from string) error {
	l, closeLink := link.New(ctx, server, nil)
	conn, err := l.Open(ctx)
	if err == nil {
		err = begin(conn, command)
	}
	if err != nil {
		closeLink()
		return err
	}
	f.readers.Go(func() {
		defer closeLink()
		f.ended <- f.read(conn, from)
	})
	return nil
}

// begin sends the command. What it starts has no end by itself, so reading is
// bounded by the context alone.
func begin(conn net.Conn, command []string) error {
	if err := conn.SetDeadline(time.Time{}); err != nil {
		return err
	}
	_, err := conn.Write(link.AppendCommand(nil, command...))
	return err
}

func (f *feed) read(conn net.Conn, from string) error {
	in := newFrames(conn)
	for {
		raw, err := in.next()
		if err != nil {
			return err
		}
		f.offer(fed{raw, from})
	}
}

// offer hands a reply on, if there is room for it.
func (f *feed) offer(x fed) {
	if !f.admit(x) {
		return
	}
	select {
	case f.lines <- x:
	default:
		f.taken(x)
		f.leaveOut()
	}
}

func (f *feed) admit(x fed) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := time.Now(); now.Sub(f.since) >= time.Second {
		f.since, f.passed = now, 0
	}
	if x.raw == nil || f.passed >= maxViewRate || f.held+len(x.raw) > maxViewHeld {
		f.left++
		return false
	}
	f.passed++
	f.held += len(x.raw)
	return true
}

// taken gives back the room of a reply that has been passed on.
func (f *feed) taken(x fed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held -= len(x.raw)
}

func (f *feed) leaveOut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left++
}

// leftOut answers how many replies were dropped.
func (f *feed) leftOut() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.left
}
