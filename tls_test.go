package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
)

func TestRedisOverTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := selfSigned(t, dir)
	port := freePort(t)
	redistest.Standalone(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no")
	url := "rediss://127.0.0.1:" + port
	trusting := []string{"SSL_CERT_FILE=" + cert}

	got := runHelixIn(t, dir, trusting, "", "exec", "--redis", url, "!redis dbsize", "!redis keys * | wc -l", "!redis monitor --for 1s | head -1")
	if got.stdout != "0\n0\nOK\n" || got.status != 0 {
		t.Errorf("%+v", got)
	}
	got = runHelixIn(t, dir, nil, "", "exec", "--redis", url, "!redis dbsize")
	if got.status != exitUnreachable || !strings.Contains(got.stderr, "not trusted here") || !strings.Contains(got.stderr, "redis.tls_ca_file") {
		t.Errorf("an unknown authority: %+v", got)
	}
}

// Certificates on both sides, on each topology, and what check says of them.
func TestRedisOverTLSWithCertificatesOnBothSides(t *testing.T) {
	a := redistest.NewAuthority(t)
	args := a.Args(time.Now().Add(3*24*time.Hour + time.Hour))
	cert, key := a.Issue("client", time.Now().AddDate(1, 0, 0))
	environment := []string{"HELIX_REDIS_TLS_CA_FILE=" + a.CA, "HELIX_REDIS_TLS_CERT_FILE=" + cert, "HELIX_REDIS_TLS_KEY_FILE=" + key}
	for _, url := range []string{redistest.Standalone(t, args...).URL(), redistest.Sentinel(t, args...).URL(), redistest.Cluster(t, args...).URL()} {
		got := runHelixIn(t, t.TempDir(), environment, "", "exec", "--yes", "--redis", url, "!redis set session:a 1 ex 600", "!redis keys session:* | xargs redis ttl", "!redis monitor --for 1s | head -1")
		if got.status != 0 || !strings.HasPrefix(got.stdout, "OK\n600\n") {
			t.Errorf("%s: %+v", url, got)
		}
		got = runHelixIn(t, t.TempDir(), environment, "", "check", "--redis", url)
		if !strings.Contains(got.stdout, "TLS 1.3") || !strings.Contains(got.stdout, "in 3 days") {
			t.Errorf("%s: %+v", url, got)
		}
	}
}

// freePort answers a port that nobody listens on just now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// selfSigned makes a certificate for this machine, and answers where it and
// its key are.
func selfSigned(t *testing.T, dir string) (cert, key string) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	hidden, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	writePEM := func(name, kind string, data []byte) string {
		writeFile(t, dir, name, string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data})))
		return filepath.Join(dir, name)
	}
	return writePEM("cert.pem", "CERTIFICATE", signed), writePEM("key.pem", "PRIVATE KEY", hidden)
}
