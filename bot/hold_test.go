package bot

import (
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"time"
)

func TestHoldFor(t *testing.T) {
	for _, c := range []struct {
		header string
		want   time.Duration
	}{
		{"", time.Second},
		{"0", time.Second},
		{"-3", time.Second},
		{"soon", time.Second},
		{"NaN", time.Second},
		{"0.001", 100 * time.Millisecond},
		{"2.5", 2500 * time.Millisecond},
		{"600", 10 * time.Minute},
		{"86400", time.Hour},
		{"1e300", time.Hour},
		{strconv.FormatFloat(math.MaxFloat64, 'g', -1, 64), time.Hour},
	} {
		if got := holdFor(seconds(c.header)); got != c.want {
			t.Errorf("Retry-After %q holds for %s, want %s", c.header, got, c.want)
		}
	}
}

// The answer to a message may break off when Discord has taken the message.
func TestABrokenAnswerIsNoFailure(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"id":`)
	}))
	defer server.Close()
	b, err := New(Options{Token: "token", APIURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer b.rest.close()
	if err := b.rest.do(t.Context(), call{method: http.MethodPost, path: "/channels/1/messages", body: outgoing{}}, nil); err != nil {
		t.Errorf("it answers %v", err)
	}
}

// A redirect must carry the token nowhere.
func TestNoRequestLeavesTheConfiguredAddress(t *testing.T) {
	b, err := New(Options{Token: "token", APIURL: "https://proxy.example/api/v10"})
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range []string{"https://evil.example/api/v10/users/@me", "http://proxy.example/api/v10/users/@me", "https://proxy.example/other"} {
		resp, err := b.rest.client.Get(address)
		if err == nil {
			resp.Body.Close()
			t.Errorf("%s was asked", address)
		}
	}
}

// An answer outlives an outage of Discord of most of a minute; a question that
// a person waits for gives up sooner.
func TestPatience(t *testing.T) {
	for _, c := range []struct {
		name        string
		call        call
		least, most time.Duration
	}{
		{"an answer", call{patient: true}, 45 * time.Second, time.Minute},
		{"a question", call{}, 5 * time.Second, 10 * time.Second},
		{"a typing indicator", call{once: true}, 0, 0},
	} {
		var sum time.Duration
		for attempt := 1; attempt < c.call.attempts(); attempt++ {
			sum += pauseAfter(attempt)
		}
		if sum < c.least || sum > c.most {
			t.Errorf("%s is tried for %s", c.name, sum)
		}
	}
}
