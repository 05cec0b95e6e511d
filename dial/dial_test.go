package dial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"github.com/helix-collective/helix/internal/redistest"
)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ address, want string }{
		{"redis://localhost", "redis://localhost:6379"},
		{"redis://localhost:6380/2", "redis://localhost:6380/2"},
		{"redis://:secret@redis.railway.internal:6379", "redis://redis.railway.internal:6379"},
		{"redis://ops:se%40cret@h/0", "redis://h:6379"},
		{"rediss://h", "rediss://h:6379"},
		{"redis://[::1]:7000", "redis://[::1]:7000"},
		{"redis://[::1]", "redis://[::1]:6379"},
		{"redis://a:1,b:2", "redis+cluster://a:1,b:2"},
		{"redis+cluster://a:1", "redis+cluster://a:1"},
		{"redis+sentinel://a,b:2/mymaster", "redis+sentinel://a:26379,b:2/mymaster"},
		{"redis+sentinel://a/mymaster/3", "redis+sentinel://a:26379/mymaster/3"},
		{"rediss+cluster://a:1,b:2", "rediss+cluster://a:1,b:2"},
		{"redis+cluster://[::1]:1,[::2],c", "redis+cluster://[::1]:1,[::2]:6379,c:6379"},
		{"rediss+sentinel://[::1],b/mymaster", "rediss+sentinel://[::1]:26379,b:26379/mymaster"},
		{" REDIS://h ", "redis://h:6379"},
	} {
		got, err := Parse(tt.address)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.address, err)
			continue
		}
		if got.String() != tt.want {
			t.Errorf("Parse(%q) = %s, want %s", tt.address, got, tt.want)
		}
	}
}

func TestParseReadsCredentials(t *testing.T) {
	got, err := Parse("redis://ops:se%40c:ret@h")
	if err != nil {
		t.Fatal(err)
	}
	if got.User != "ops" || got.Password != "se@c:ret" {
		t.Errorf("user %q, password %q", got.User, got.Password)
	}
	if got, err = Parse("redis://:a?b/c@h/2"); err != nil || got.Password != "a?b/c" || got.DB != 2 {
		t.Errorf("%v, password %q, database %d", err, got.Password, got.DB)
	}
}

func TestFaultsAreNamedWithoutThePassword(t *testing.T) {
	for _, tt := range []struct{ address, says string }{
		{"localhost:6379", "no scheme"},
		{"http://:hunter2@h", "unknown scheme"},
		{"redis://:hunter2@", "lacks a host"},
		{"redis://:hunter2@h:port", "port"},
		{"redis://:hunter2@h:70000", "port"},
		{"redis://:hunter2@h/abc", "database"},
		{"redis://:hunter2@h/-1", "database"},
		{"redis://:hunter2%zz@h", "percent-encoded"},
		{"redis://:hunter2@h?db=2", "not supported"},
		{"redis+sentinel://:hunter2@h", "master's name"},
		{"redis://:hunter2@a,b/1", "only database 0"},
		{"rediss+cluster://ops:hunter2@a/3", "only database 0"},
		{"redis://:hunter2@a:1:2", "a host that is none"},
		{"redis://:hunter2@[::1", "a host that is none"},
		{"redis://:hunter2@a b", "a host that is none"},
		{"redis+sentinel://:hunter2@h/master/x", "database"},
	} {
		_, err := Parse(tt.address)
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("Parse(%q): %v, want %q", tt.address, err, tt.says)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Parse(%q) shows the password: %v", tt.address, err)
		}
	}
}

func TestATargetNeverPrintsItsPassword(t *testing.T) {
	target, err := Parse("redis://ops:hunter2@h")
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if out := fmt.Sprintf(verb, target); strings.Contains(out, "hunter2") {
			t.Errorf("%s shows the password: %s", verb, out)
		}
	}
}

func TestPoolKeepsDatabasesApart(t *testing.T) {
	defer goleak.VerifyNone(t)
	m := miniredis.RunT(t)
	defer m.Close()
	target, err := Parse("redis://" + m.Addr() + "/1")
	if err != nil {
		t.Fatal(err)
	}
	pool := NewPool(target, Options{PoolSize: 5, Timeout: time.Second})
	defer func() {
		if err := pool.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx := context.Background()
	for _, db := range []int{0, -1, 2} {
		for _, protocol := range []int{2, 3} {
			c, err := pool.Client(db, protocol)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.Incr(ctx, "n").Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for db := range 3 {
		if got, _ := m.DB(db).Get("n"); got != "2" {
			t.Errorf("database %d holds %q, want 2", db, got)
		}
	}
}

func TestPoolBoundsItsClients(t *testing.T) {
	pool := NewPool(Target{Hosts: []string{"127.0.0.1:1"}}, Options{PoolSize: 1, Timeout: time.Second})
	defer pool.Close()
	var err error
	for db := 0; db < 1000 && err == nil; db++ {
		_, err = pool.Client(db, 2)
	}
	if err == nil {
		t.Error("a thousand databases were opened")
	}
}

func TestAConnectionHasANameWhereThatIsAllowed(t *testing.T) {
	server := redistest.Standalone(t)
	admin := server.Client()
	for _, tt := range []struct {
		rule string
		want bool
	}{{"+client|setname", true}, {"-client|setname", false}} {
		if err := admin.Do(t.Context(), "ACL", "SETUSER", "limited", "on", ">pass", "~*", "+@all", tt.rule).Err(); err != nil {
			t.Fatal(err)
		}
		target, err := Parse("redis://limited:pass@" + server.Addr)
		if err != nil {
			t.Fatal(err)
		}
		pool := NewPool(target, Options{PoolSize: 1, Timeout: 5 * time.Second})
		client, err := pool.Main()
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Ping(t.Context()).Err(); err != nil {
			t.Errorf("%s: %v", tt.rule, err)
		}
		list, err := admin.ClientList(t.Context()).Result()
		if err != nil || strings.Contains(list, "name=helix ") != tt.want {
			t.Errorf("%s: %v, %s", tt.rule, err, list)
		}
		pool.Close()
	}
}

func TestWhateverKeepsAConnectionFromOpeningIsANetworkError(t *testing.T) {
	plain := miniredis.RunT(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, address := range []string{
		"rediss://" + plain.Addr(),                       // no TLS there
		"redis://127.0.0.1:1",                            // nothing there
		"redis+sentinel://127.0.0.1:1/mymaster",          // nor there
		"redis+sentinel://" + plain.Addr() + "/mymaster", // no Sentinel
		"redis+cluster://127.0.0.1:1,127.0.0.1:2",
		"rediss://" + silent.Addr().String(), // no handshake in time
	} {
		target, err := Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		pool := NewPool(target, Options{PoolSize: 1, Timeout: 200 * time.Millisecond})
		client, err := pool.Main()
		if err != nil {
			t.Fatal(err)
		}
		var network net.Error
		if err := client.Ping(t.Context()).Err(); !errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %T: %v", address, err, err)
		}
		pool.Close()
	}
}
