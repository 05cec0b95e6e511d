package redistest

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is a running redis-server. Its methods may be called from several
// goroutines.
type Server struct {
	Addr    string // host:port
	TLSAddr string // host:port for TLS; "" without

	t     testing.TB
	path  string
	dir   string
	args  []string
	user  string // whom URL names; empty: nobody
	owner string // whom the test's own client is; empty: nobody

	mu      sync.Mutex
	process *process
}

// Standalone starts a redis-server without persistence. Further arguments are
// passed on, as in "--maxmemory", "100mb".
func Standalone(t testing.TB, args ...string) *Server {
	t.Helper()
	more, user := byEnvironment()
	s := start(t, append(more, args...)...)
	if s.user = user; user != "" {
		t.Cleanup(s.reportRefusals)
	}
	return s
}

// start starts one redis-server.
func start(t testing.TB, args ...string) *Server {
	t.Helper()
	return startAll(t, func() []*Server { return []*Server{prepare(t, nil, args...)} })[0]
}

// maxStarts is how often servers are started anew: between choosing a free port
// and a server's use of it, somebody else may take it.
const maxStarts = 5

// startAll starts the servers that prepared answers, all at once, and others in
// their place if any of them does not start.
func startAll(t testing.TB, prepared func() []*Server) []*Server {
	t.Helper()
	var err error
	for range maxStarts {
		list := prepared()
		if err = runAll(list); err == nil {
			for _, s := range list {
				t.Cleanup(s.Kill)
			}
			return list
		}
		for _, s := range list {
			s.Kill()
		}
	}
	t.Fatal(err)
	return nil
}

func runAll(list []*Server) error {
	errs := make([]error, len(list))
	var group sync.WaitGroup
	for i, s := range list {
		group.Go(func() { errs[i] = s.run() })
	}
	group.Wait()
	return errors.Join(errs...)
}

// prepare chooses a port and a folder for a server. The arguments before come
// first: a Sentinel wants its configuration file there.
func prepare(t testing.TB, before []string, args ...string) *Server {
	t.Helper()
	port := freePort(t)
	s := &Server{Addr: "127.0.0.1:" + strconv.Itoa(port), t: t, path: program(t), dir: t.TempDir()}
	s.args = append(append([]string(nil), before...),
		"--port", strconv.Itoa(port), "--bind", "127.0.0.1",
		"--dir", s.dir, "--save", "", "--appendonly", "no", "--daemonize", "no")
	for _, arg := range args {
		if arg == anyPort {
			s.TLSAddr = "127.0.0.1:" + strconv.Itoa(freePort(t))
			arg = strings.TrimPrefix(s.TLSAddr, "127.0.0.1:")
		}
		s.args = append(s.args, arg)
	}
	return s
}

// anyPort stands in an argument for a free port, on which the server speaks TLS.
const anyPort = "a free port"

// peerAddr answers where other servers reach this one: over TLS if it speaks it.
func (s *Server) peerAddr() string { return cmp.Or(s.TLSAddr, s.Addr) }

func (s *Server) peerPort() string {
	_, port, _ := strings.Cut(s.peerAddr(), ":")
	return port
}

// URL answers the address as Helix's configuration takes it, for TLS where the
// server speaks that.
func (s *Server) URL() string { return s.scheme() + "://" + userInfo(s.user) + s.peerAddr() }

func (s *Server) scheme() string {
	if s.TLSAddr != "" {
		return "rediss"
	}
	return "redis"
}

// Client returns a client that is closed when the test ends.
func (s *Server) Client() *redis.Client {
	return open(s.t, s.credentials(&redis.Options{Addr: s.Addr}))
}

// Kill ends the server as a power cut would; it does nothing if it has ended.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return
	}
	s.process.kill()
	s.process = nil
}

// Restart kills the server and starts it again on the same port, empty.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	if err := s.run(); err != nil {
		s.t.Fatal(err)
	}
}

// Pause stops the process where it stands: connections stay open and nothing
// answers. Resume goes on.
func (s *Server) Pause() { s.signal(syscall.SIGSTOP) }

// Resume lets a paused server go on.
func (s *Server) Resume() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig syscall.Signal) {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		s.t.Fatalf("redis-server %s has ended", s.Addr)
	}
	if err := s.process.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

// run starts the process and waits until it answers.
func (s *Server) run() error {
	p, err := newProcess(s.path, s.args)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if !until(ctx, func(ctx context.Context) bool { return p.hasEnded() || p.answers(ctx, s.Addr) }) || p.hasEnded() {
		p.kill()
		return fmt.Errorf("redis-server %s did not start: %s", s.Addr, p.said())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.process = p
	return nil
}

// answers reports whether the server answers, and no other in its place.
func (s *Server) answers(ctx context.Context) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.process != nil && s.process.answers(ctx, s.Addr)
}

// answers reports whether it is this process that answers at addr: another may
// have taken the port a moment before. One that asks for a password is believed.
func (p *process) answers(ctx context.Context, addr string) bool {
	d := net.Dialer{Timeout: time.Second}
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return false
	}
	if _, err := conn.Write([]byte("INFO server\r\n")); err != nil {
		return false
	}
	own := fmt.Sprintf("process_id:%d", p.cmd.Process.Pid)
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		switch line := lines.Text(); {
		case line == own, strings.HasPrefix(line, "-NOAUTH"):
			return true
		case strings.HasPrefix(line, "process_id:"), strings.HasPrefix(line, "-"):
			return false
		}
	}
	return false
}

// process is one run of a program.
type process struct {
	cmd   *exec.Cmd
	out   *bytes.Buffer // read after ended is closed
	ended chan struct{}
}

func newProcess(path string, args []string) (*process, error) {
	p := &process{cmd: exec.Command(path, args...), out: new(bytes.Buffer), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = dieWithParent()
	p.cmd.Env = append(os.Environ(), "LC_ALL=C")
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", path, err)
	}
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // it ends by our signal, which Wait reports as an error
	}()
	return p, nil
}

func (p *process) hasEnded() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// kill ends the process and waits for its end.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // an error means that it has ended already
	<-p.ended
}

// said answers the program's output, once it has ended.
func (p *process) said() string { return p.out.String() }

// busDistance is how far a Cluster node's bus port lies above its own.
const busDistance = 10000

// freePort answers a port of 127.0.0.1 that nobody listens on, nor on the one
// where a Cluster node would have its bus.
func freePort(t testing.TB) int {
	t.Helper()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		l.Close()
		if port+busDistance > 65535 {
			continue
		}
		if bus, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port+busDistance)); err == nil {
			bus.Close()
			return port
		}
	}
}
