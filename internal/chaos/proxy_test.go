package chaos

import (
	"bufio"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// echo serves lines in capitals' place: what comes in goes out again.
func echo(t *testing.T) (proxy *Proxy) {
	t.Helper()
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	go func() {
		for {
			conn, err := server.Accept()
			if err != nil {
				return
			}
			go func() { defer conn.Close(); _, _ = io.Copy(conn, conn) }()
		}
	}()
	if proxy, err = Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	proxy.Lead(server.Addr().String())
	return proxy
}

// caller is somebody who talks through a proxy.
type caller struct {
	net.Conn
	lines *bufio.Reader
}

func call(t *testing.T, p *Proxy, from string) caller {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	conn, err := d.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return caller{conn, bufio.NewReader(conn)}
}

// hears answers what comes within a time.
func (c caller) hears(within time.Duration) (string, error) {
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		return "", err
	}
	return c.lines.ReadString('\n')
}

func (c caller) says(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

func (c caller) isAnswered(t *testing.T, line string) {
	t.Helper()
	if got, err := c.hears(10 * time.Second); got != line+"\n" || err != nil {
		t.Fatalf("%q, %v; want %q", got, err, line)
	}
}

const little = 30 * time.Millisecond

func (c caller) isHeld(t *testing.T) {
	t.Helper()
	var late net.Error
	if got, err := c.hears(little); !errors.As(err, &late) || !late.Timeout() {
		t.Fatalf("%q, %v; want nothing at all", got, err)
	}
}

func (c caller) isCut(t *testing.T) {
	t.Helper()
	var late net.Error
	if got, err := c.hears(10 * time.Second); err == nil || errors.As(err, &late) && late.Timeout() {
		t.Fatalf("%q, %v; want the end", got, err)
	}
}

func TestWeatherOfOneSideLeavesTheOtherAlone(t *testing.T) {
	p := echo(t)
	helix, replica := call(t, p, "127.0.0.1"), call(t, p, ServersFrom)
	for _, c := range []caller{helix, replica} {
		c.says(t, "hello")
		c.isAnswered(t, "hello")
	}
	for _, w := range []Weather{{HoldRequests: true}, {HoldReplies: true}} {
		p.Set(Clients, w)
		helix.says(t, "held")
		replica.says(t, "free")
		replica.isAnswered(t, "free")
		helix.isHeld(t)
		p.Set(Clients, Weather{})
		helix.isAnswered(t, "held")
	}
	p.Set(Servers, Weather{Refuse: true})
	replica.isCut(t)
	call(t, p, ServersFrom).isCut(t)
	helix.says(t, "still here")
	helix.isAnswered(t, "still here")
	p.Set(Servers, Weather{})
	replica = call(t, p, ServersFrom)
	replica.says(t, "back")
	replica.isAnswered(t, "back")
	p.Cut(Clients)
	helix.isCut(t)
}

func TestHeldRequestsArriveAfterTheirSenderHasGone(t *testing.T) {
	arrived := make(chan string, 1)
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	go func() {
		conn, err := server.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		all, _ := io.ReadAll(conn)
		arrived <- string(all)
	}()
	p := echo(t)
	p.Lead(server.Addr().String())
	p.Set(Clients, Weather{HoldRequests: true})
	c := call(t, p, "127.0.0.1")
	c.says(t, "late")
	c.isHeld(t)
	c.Close()
	p.Set(Clients, Weather{})
	if got := <-arrived; got != "late\n" {
		t.Errorf("%q arrived", got)
	}
}

func TestRepliesAreDelayedAndCut(t *testing.T) {
	p := echo(t)
	p.Set(Clients, Weather{Delay: little})
	c := call(t, p, "127.0.0.1")
	began := time.Now()
	c.says(t, "slow")
	c.isAnswered(t, "slow")
	if took := time.Since(began); took < 2*little {
		t.Errorf("it took %s", took)
	}
	p.Set(Clients, Weather{CutReplies: 7})
	c.says(t, "in the middle") // 5 bytes have passed
	if got, err := c.hears(10 * time.Second); got != "in" || err == nil {
		t.Errorf("%q, %v; want two letters and the end", got, err)
	}
}

func TestAProxyWithoutAServerCutsWhoComes(t *testing.T) {
	p := echo(t)
	p.Lead("127.0.0.1:1")
	call(t, p, "127.0.0.1").isCut(t)
}
