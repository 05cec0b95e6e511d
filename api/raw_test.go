package api_test

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
)

// What no HTTP library would send is refused, and ends no more than its own
// connection.
func TestRawRequests(t *testing.T) {
	b := newBench(t, redistest.Any(t).Client())
	address := b.serve()
	const key = "Authorization: Bearer " + everything + "\r\n"
	post := "POST /v1/sessions HTTP/1.1\r\nHost: localhost\r\n" + key + "Content-Type: application/json\r\n"
	for _, tt := range []struct {
		name, raw string
		want      int
	}{
		{"as it should be", "GET /v1/policy HTTP/1.1\r\nHost: localhost\r\n" + key + "\r\n", http.StatusOK},
		{"of old", "GET /v1/policy HTTP/1.0\r\nHost: localhost\r\n" + key + "\r\n", http.StatusOK},
		{"no host", "GET /v1/policy HTTP/1.1\r\n" + key + "\r\n", http.StatusBadRequest},
		{"no host, of old", "GET /v1/policy HTTP/1.0\r\n" + key + "\r\n", http.StatusMisdirectedRequest},
		{"two hosts", "GET /v1/policy HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n" + key + "\r\n", http.StatusBadRequest},
		{"another host in the line", "GET http://evil.example/v1/policy HTTP/1.1\r\nHost: localhost\r\n" + key + "\r\n", http.StatusMisdirectedRequest},
		{"no HTTP", "AUTH hunter2\r\n\r\n", http.StatusBadRequest},
		{"a blank in a name", "GET /v1/policy HTTP/1.1\r\nHost: localhost\r\nAuthorization : Bearer " + everything + "\r\n\r\n", http.StatusBadRequest},
		{"a huge header", "GET /v1/policy HTTP/1.1\r\nHost: localhost\r\nCookie: " + strings.Repeat("a", 64<<10) + "\r\n\r\n", http.StatusRequestHeaderFieldsTooLarge},
		{"a body that says how large it is", post + "Content-Length: 10000000000\r\n\r\n{\"user_id\":\"" + strings.Repeat("a", 140_000), http.StatusRequestEntityTooLarge},
		{"a body that does not", post + "Transfer-Encoding: chunked\r\n\r\n30000\r\n\"" + strings.Repeat("a", 0x30000-1) + "\r\n", http.StatusRequestEntityTooLarge},
		{"an odd coding", post + "Transfer-Encoding: gzip\r\n\r\n", http.StatusNotImplemented},
		{"a length that is none", post + "Content-Length: -1\r\n\r\n", http.StatusBadRequest},
		{"two lengths", post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", http.StatusBadRequest},
	} {
		if got := sendRaw(t, address, tt.raw); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// sendRaw sends a text as it is and answers the status of what comes back.
func sendRaw(t *testing.T, address, raw string) int {
	t.Helper()
	conn, err := net.DialTimeout("tcp", address, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() { _, _ = conn.Write([]byte(raw)) }() // the other side may close before the end
	if err := conn.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
		t.Fatal(err)
	}
	w, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Errorf("%.60q: %v", raw, err)
		return 0
	}
	w.Body.Close()
	return w.StatusCode
}
