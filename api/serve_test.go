package api_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/api"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

func TestOverTLS(t *testing.T) {
	dir := t.TempDir()
	roots := selfSigned(t, dir)
	cert, key := filepath.Join(dir, "site.pem"), filepath.Join(dir, "site.key")
	b := newBench(t, redistest.Any(t).Client(), "api.tls_cert="+cert, "api.tls_key="+key)
	address := b.serve()
	get := func(scheme string, config *tls.Config) (int, error) {
		transport := &http.Transport{TLSClientConfig: config}
		defer transport.CloseIdleConnections()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, scheme+"://"+address+"/v1/policy", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "localhost"
		r.Header.Set("Authorization", "Bearer "+everything)
		w, err := transport.RoundTrip(r)
		if err != nil {
			return 0, err
		}
		return w.StatusCode, w.Body.Close()
	}
	if status, err := get("https", &tls.Config{RootCAs: roots, ServerName: "localhost"}); status != http.StatusOK || err != nil {
		t.Errorf("%d, %v", status, err)
	}
	if _, err := get("https", &tls.Config{RootCAs: roots, ServerName: "localhost", MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}); err == nil {
		t.Error("an old TLS is spoken")
	}
	if status, err := get("http", nil); status != http.StatusBadRequest {
		t.Errorf("without TLS: %d, %v", status, err)
	}

	writeFile(t, key, "no key")
	if _, err := newServer(t, map[string]string{"api.listen": "127.0.0.1:0", "api.keys": keysText, "api.tls_cert": cert, "api.tls_key": key}); err == nil || !strings.Contains(err.Error(), "api.tls_key") {
		t.Errorf("a key that is none: %v", err)
	}
}

// held is a store whose Destroy waits.
type held struct {
	api.Store
	begun, release chan struct{}
}

func (h held) Destroy(ctx context.Context, token sessions.Token) error {
	close(h.begun)
	<-h.release
	return h.Store.Destroy(ctx, token)
}

func TestAStopLetsRequestsEnd(t *testing.T) {
	b := newBench(t, redistest.Any(t).Client())
	token, _ := b.signIn("ann")
	h := held{b.store, make(chan struct{}), make(chan struct{})}
	server, err := api.New(api.Options{Store: h, Settings: b.live, Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := server.Listen(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended, answered := make(chan error, 1), make(chan int, 1)
	go func() { ended <- server.Serve(ctx, l) }()
	go func() { answered <- destroy(t, l.Addr().String(), token) }()
	<-h.begun
	stop()
	redistest.Eventually(t, "nobody is let in any more", func(ctx context.Context) bool {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", l.Addr().String())
		return err != nil || conn.Close() != nil
	})
	close(h.release)
	if status := <-answered; status != http.StatusNoContent {
		t.Errorf("the request under way: %d", status)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	b.validate(token).refuses(http.StatusUnauthorized, "no-session")
}

// destroy ends a session over the network and answers the status.
func destroy(t *testing.T, address, token string) int {
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/v1/sessions/destroy", strings.NewReader(`{"token":"`+token+`"}`))
	if err != nil {
		t.Error(err)
		return 0
	}
	r.Header.Set("Authorization", "Bearer "+everything)
	r.Header.Set("Content-Type", "application/json")
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	w, err := transport.RoundTrip(r)
	if err != nil {
		t.Error(err)
		return 0
	}
	defer w.Body.Close()
	_, _ = io.Copy(io.Discard, w.Body) // the status is all that is asked for
	return w.StatusCode
}

func TestAnAddressThatIsTaken(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	server, err := newServer(t, map[string]string{"api.listen": taken.Addr().String(), "api.keys": keysText})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.Listen(t.Context()); err == nil || !strings.Contains(err.Error(), "listen for the session service") {
		t.Errorf("%v", err)
	}
}
