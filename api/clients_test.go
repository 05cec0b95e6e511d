package api_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

// example answers the block of a language in docs/service.md.
func example(t *testing.T, language string) string {
	t.Helper()
	doc, err := os.ReadFile("../docs/service.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begun := strings.Cut(string(doc), "\n```"+language+"\n")
	text, _, ended := strings.Cut(rest, "\n```\n")
	if !begun || !ended {
		t.Fatalf("docs/service.md has no example in %s", language)
	}
	return text + "\n"
}

// replace replaces what stands in an example by what the test has instead.
func replace(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the example has no %q", pairs[i])
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

// program answers where a program is; where it is not, the test ends as one does
// that lacks a Redis.
func program(t *testing.T, name string, also ...string) string {
	t.Helper()
	for _, candidate := range append([]string{name}, also...) {
		if path, err := exec.LookPath(candidate); err == nil {
			return path
		}
	}
	if os.Getenv(redistest.Require) != "" {
		t.Fatalf("%s is set, but there is no %s", redistest.Require, name)
	}
	t.Skipf("there is no %s", name)
	return ""
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// serve runs the service until the test ends, and answers its address.
func (b *bench) serve() string {
	b.t.Helper()
	l, err := b.server.Listen(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.server.Serve(ctx, l) }()
	b.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			b.t.Error(err)
		}
	})
	return l.Addr().String()
}

// The Python of docs/service.md takes the place of the guide's functions.
func TestPythonBackEnd(t *testing.T) {
	python := program(t, "python3")
	b := newBench(t, redistest.Any(t).Client())
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "helix_sessions.py"), example(t, "python"))
	script, err := filepath.Abs("testdata/shop.py")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, script)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+dir, "PYTHONDONTWRITEBYTECODE=1", "NO_PROXY=*",
		"HELIX_URL=http://"+b.serve(), "HELIX_KEY="+everything)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if out, err := cmd.Output(); err != nil || string(out) != "sold" {
		t.Errorf("%q, %v:\n%s", out, err, stderr.String())
	}
}

// site is an application behind nginx, as a browser sees it.
type site struct {
	t       *testing.T
	url     string
	browser *http.Client
}

// newSite runs the nginx of docs/service.md before an application that answers
// what it is told of its client.
func newSite(t *testing.T, b *bench) *site {
	t.Helper()
	nginx := program(t, "nginx", "/usr/sbin/nginx")
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "user=%q from=%q key=%q body=%q %v", r.Header.Values("X-Session-User"), r.Header.Values("X-Forwarded-For"), r.Header.Get("Authorization"), body, err)
	}))
	t.Cleanup(app.Close)
	dir, address := t.TempDir(), freeAddress(t)
	roots := selfSigned(t, dir)
	config := replace(t, example(t, "nginx"),
		"127.0.0.1:8700", b.serve(), "127.0.0.1:8000", app.Listener.Addr().String(), "listen 443 ssl", "listen "+address+" ssl",
		"Bearer SECRET", "Bearer "+onlyAuth, "/etc/ssl/app.example.com", filepath.Join(dir, "site"))
	writeFile(t, filepath.Join(dir, "nginx.conf"), fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log stderr warn;
events {}
http {
access_log off; client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
%[2]s}
`, dir, config))
	runUntilTheEnd(t, nginx, "-e", "stderr", "-p", dir, "-c", filepath.Join(dir, "nginx.conf"))
	s := &site{t: t, url: "https://" + address, browser: &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "app.example.com"},
	}}}
	t.Cleanup(s.browser.CloseIdleConnections)
	redistest.Eventually(t, "nginx answers", func(ctx context.Context) bool {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		return err == nil && conn.Close() == nil
	})
	return s
}

// runUntilTheEnd runs a server that the end of the test kills.
func runUntilTheEnd(t *testing.T, path string, args ...string) {
	t.Helper()
	cmd := exec.Command(path, args...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // an error means that it has ended already
		_ = cmd.Wait()         // it ends by our signal
		if t.Failed() {
			t.Logf("%s: %s", path, said.String())
		}
	})
}

// get requests a path with headers and answers what the browser sees.
func (s *site) get(method, path string, headers ...string) (status int, header http.Header, body string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, strings.NewReader("x=1"))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w, err := s.browser.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return w.StatusCode, w.Header, string(text)
}

func TestNginxAsksWhoItIs(t *testing.T) {
	b := newBench(t, redistest.Any(t).Client())
	s := newSite(t, b)
	mine, err := b.makes("ann@example.com", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere, err := b.makes("ben", home)
	if err != nil {
		t.Fatal(err)
	}
	const known = `user=["ann@example.com"] from=["127.0.0.1"] key="" body="x=1" <nil>`
	const nobody = `user=[] from=["127.0.0.1"] key="" body="x=1" <nil>`
	cookie := "__Host-session=" + mine
	for _, tt := range []struct {
		name    string
		path    string
		headers []string
		status  int
		body    string // of 200
	}{
		{"a signed-in person", "/", []string{"Cookie", cookie}, http.StatusOK, known},
		{"a form of a page", "/form", []string{"Cookie", cookie, "Origin", "https://app.example.com", "Content-Type", "application/x-www-form-urlencoded"}, http.StatusOK, known},
		{"whoever claims to be another", "/", []string{"Cookie", cookie, "X-Session-User", "root", "X-Forwarded-For", home}, http.StatusOK, known},
		{"the claim with an underscore", "/", []string{"Cookie", cookie, "X_Session_User", "root"}, http.StatusOK, known},
		{"nobody", "/", nil, http.StatusUnauthorized, ""},
		{"nobody with a claim", "/", []string{"X-Session-User", "root"}, http.StatusUnauthorized, ""},
		{"a claim where no session is needed", "/public/", []string{"X-Session-User", "root", "X-Forwarded-For", home}, http.StatusOK, nobody},
		{"two cookies", "/", []string{"Cookie", cookie + "; __Host-session=planted"}, http.StatusUnauthorized, ""},
		{"two lines of cookies", "/", []string{"Cookie", cookie, "Cookie", cookie}, http.StatusUnauthorized, ""},
		{"a stolen cookie", "/", []string{"Cookie", "__Host-session=" + elsewhere}, http.StatusUnauthorized, ""},
		{"a stolen cookie with the address of its owner", "/", []string{"Cookie", "__Host-session=" + elsewhere, "X-Forwarded-For", home, "X-Real-IP", home}, http.StatusUnauthorized, ""},
		{"the endpoint itself", "/_session", []string{"Cookie", cookie}, http.StatusNotFound, ""},
	} {
		status, header, body := s.get(http.MethodPost, tt.path, tt.headers...)
		if status != tt.status || tt.body != "" && body != tt.body {
			t.Errorf("%s: %d %s, want %d %s", tt.name, status, body, tt.status, tt.body)
		}
		if header.Get("X-Session-User") != "" {
			t.Errorf("%s: the browser is told %q", tt.name, header.Get("X-Session-User"))
		}
	}
	if err := b.store.Destroy(t.Context(), sessions.Token(mine)); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := s.get(http.MethodGet, "/", "Cookie", cookie); status != http.StatusUnauthorized {
		t.Errorf("after the sign-out: %d", status)
	}
}

// freeAddress answers an address that nobody listens on just now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// selfSigned makes a certificate of app.example.com, site.pem and site.key in a
// folder, and answers who trusts it.
func selfSigned(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"app.example.com", "localhost"}, IsCA: true, BasicConstraintsValid: true,
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, &secret.PublicKey, secret)
	if err != nil {
		t.Fatal(err)
	}
	hidden, err := x509.MarshalPKCS8PrivateKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	writeFile(t, filepath.Join(dir, "site.pem"), string(certificate))
	writeFile(t, filepath.Join(dir, "site.key"), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: hidden})))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return roots
}
