package dial

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
)

// tomorrow is when the certificates of these tests end.
func tomorrow() time.Time { return time.Now().Add(24 * time.Hour) }

// openTLS answers a client of a URL, and its pool.
func openTLS(t *testing.T, url string, o Options) redis.UniversalClient {
	t.Helper()
	target, err := Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	o.PoolSize, o.Timeout = 2, 5*time.Second
	pool := NewPool(target, o)
	t.Cleanup(func() { pool.Close() })
	client, err := pool.Main()
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestTLSWithCertificatesOnBothSides(t *testing.T) {
	a := redistest.NewAuthority(t)
	args := a.Args(tomorrow())
	cert, key := a.Issue("client", tomorrow())
	files := Files{CA: a.CA, Cert: cert, Key: key}
	for kind, url := range map[string]string{
		"standalone": redistest.Standalone(t, args...).URL(),
		"sentinel":   redistest.Sentinel(t, args...).URL(),
		"cluster":    redistest.Cluster(t, args...).URL(),
	} {
		client := openTLS(t, url, Options{TLS: files})
		for i := range 20 { // in a Cluster all masters
			if err := client.Set(t.Context(), fmt.Sprint("k", i), i, 0).Err(); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
		}
	}
}

func TestTLSRefusesWhomItDoesNotTrust(t *testing.T) {
	a, stranger := redistest.NewAuthority(t), redistest.NewAuthority(t)
	server := redistest.Standalone(t, a.Args(tomorrow())...)
	cert, key := a.Issue("client", tomorrow())
	other, otherKey := stranger.Issue("client", tomorrow())
	for _, tt := range []struct {
		name  string
		files Files
		says  string
	}{
		{"an unknown authority", Files{Cert: cert, Key: key}, "unknown authority"},
		{"another authority", Files{CA: stranger.CA, Cert: cert, Key: key}, "unknown authority"},
		{"another name", Files{CA: a.CA, Cert: cert, Key: key, ServerName: "redis.example"}, "redis.example"},
		// The server may have closed the connection before its reason is read.
		{"no certificate of our own", Files{CA: a.CA}, ""},
		{"a stranger's certificate", Files{CA: a.CA, Cert: other, Key: otherKey}, ""},
		{"no such file", Files{CA: "/none/ca.crt"}, "use /none/ca.crt for TLS: no such file"},
		{"a key as authority", Files{CA: key}, "no certificate in it"},
		{"a key that does not fit", Files{CA: a.CA, Cert: cert, Key: otherKey}, "does not match"},
	} {
		err := openTLS(t, server.URL(), Options{TLS: tt.files}).Ping(t.Context()).Err()
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.says)
		}
		var network net.Error
		if !errors.As(err, &network) {
			t.Errorf("%s: %T is no failure to connect", tt.name, err)
		}
	}
	if err := openTLS(t, server.URL(), Options{TLS: Files{CA: a.CA, Cert: cert, Key: key, ServerName: "server"}}).Ping(t.Context()).Err(); err != nil {
		t.Errorf("the name in its certificate: %v", err)
	}
}

// Files that are replaced in place are used for the next connection, and not
// before they fit each other.
func TestRenewedCertificatesAreUsed(t *testing.T) {
	a := redistest.NewAuthority(t)
	cert, key := a.Issue("client", tomorrow())
	c := &credentials{files: Files{CA: a.CA, Cert: cert, Key: key}}
	first := mustCurrent(t, c)
	oldKey, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	a.Issue("client", tomorrow())
	newKey, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, key, oldKey)
	if got := mustCurrent(t, c); !got.Certificates[0].Leaf.Equal(first.Certificates[0].Leaf) {
		t.Error("a certificate without its key is in use")
	}
	replace(t, key, newKey)
	if got := mustCurrent(t, c); got.Certificates[0].Leaf.Equal(first.Certificates[0].Leaf) {
		t.Error("the old certificate is still in use")
	}
}

func mustCurrent(t *testing.T, c *credentials) *tls.Config {
	t.Helper()
	config, err := c.current()
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func replace(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestSentinelsHaveUsersOfTheirOwn(t *testing.T) {
	servers := redistest.Sentinel(t)
	for _, one := range servers.Sentinels {
		if err := one.Client().Do(t.Context(), "ACL", "SETUSER", "default", "resetpass", ">watch").Err(); err != nil {
			t.Fatal(err)
		}
	}
	if err := openTLS(t, servers.URL(), Options{SentinelPassword: "watch"}).Ping(t.Context()).Err(); err != nil {
		t.Error(err)
	}
	err := openTLS(t, servers.URL(), Options{SentinelPassword: "hunter2"}).Ping(t.Context()).Err()
	if err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a wrong password: %v", err)
	}
}
