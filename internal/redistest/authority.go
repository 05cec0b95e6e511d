package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates for servers and clients of a test.
type Authority struct {
	CA string // file of its own certificate

	t    testing.TB
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// NewAuthority makes an authority that nobody else trusts.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{t: t, dir: t.TempDir()}
	template := a.template("authority", time.Now().Add(24*time.Hour))
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	a.key = a.newKey()
	signed := a.sign(template, template, a.key, a.key)
	var err error
	if a.cert, err = x509.ParseCertificate(signed); err != nil {
		t.Fatal(err)
	}
	a.CA = a.write("ca.crt", "CERTIFICATE", signed)
	return a
}

// Issue makes a certificate for 127.0.0.1, ::1 and a name that ends at a time,
// and answers the files of it and of its key. The same name again replaces them.
func (a *Authority) Issue(name string, ends time.Time) (cert, key string) {
	a.t.Helper()
	secret := a.newKey()
	template := a.template(name, ends)
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	template.DNSNames = []string{name}
	hidden, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		a.t.Fatal(err)
	}
	return a.write(name+".crt", "CERTIFICATE", a.sign(template, a.cert, secret, a.key)), a.write(name+".key", "PRIVATE KEY", hidden)
}

// Args are a server's arguments with which it speaks TLS beside what it speaks
// otherwise, with clients whose certificate this authority signed, and with
// nothing but TLS to other servers. Its own certificate ends at a time.
func (a *Authority) Args(ends time.Time) []string {
	a.t.Helper()
	cert, key := a.Issue("server", ends)
	return []string{
		"--tls-port", anyPort, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", a.CA,
		"--tls-auth-clients", "yes", "--tls-replication", "yes", "--tls-cluster", "yes",
	}
}

func (a *Authority) template(name string, ends time.Time) *x509.Certificate {
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		a.t.Fatal(err)
	}
	return &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-48 * time.Hour), NotAfter: ends,
	}
}

func (a *Authority) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	return key
}

func (a *Authority) sign(template, parent *x509.Certificate, holder, signer *ecdsa.PrivateKey) []byte {
	signed, err := x509.CreateCertificate(rand.Reader, template, parent, &holder.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	return signed
}

func (a *Authority) write(name, kind string, data []byte) string {
	path := filepath.Join(a.dir, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: data}), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}
