package sessions_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
)

const (
	home    = "203.0.113.7"
	another = "198.51.100.9"
)

// usual is the guide's policy, with room for many sign-ins from one address.
func usual() sessions.Policy {
	return sessions.Policy{
		TTL: 24 * time.Hour, IdleTimeout: 5 * time.Minute, MaxPerUser: 5, MaxPerAddressPerHour: 1000,
		BindAddress: true, RegenerateOnAuth: true, Compat: true, Grace: 10 * time.Second,
	}
}

// bench is a store over a server, whose policy a test may change.
type bench struct {
	*sessions.Store
	t      *testing.T
	client redis.UniversalClient
	policy *sessions.Policy
}

func newBench(t *testing.T, client redis.UniversalClient) *bench {
	p := usual()
	return &bench{
		Store: sessions.New(client, func() sessions.Policy { return p }, sessions.Options{}),
		t:     t, client: client, policy: &p,
	}
}

// each runs suite on miniredis and on a real server.
func each(t *testing.T, suite func(t *testing.T, b *bench)) {
	t.Helper()
	redistest.Each(t, func(t *testing.T, client redis.UniversalClient) { suite(t, newBench(t, client)) })
}

func (b *bench) create(userID string) (sessions.Token, sessions.Session) {
	b.t.Helper()
	token, s, err := b.Create(b.t.Context(), sessions.Request{UserID: userID, IP: home})
	if err != nil {
		b.t.Fatal(err)
	}
	return token, s
}

func (b *bench) validate(token sessions.Token) sessions.Session {
	b.t.Helper()
	s, err := b.Validate(b.t.Context(), token, home)
	if err != nil {
		b.t.Fatal(err)
	}
	return s
}

// refuses holds that a token is refused for a reason.
func (b *bench) refuses(token sessions.Token, ip string, want sessions.Reason) {
	b.t.Helper()
	s, err := b.Validate(b.t.Context(), token, ip)
	wantReason(b.t, err, want)
	if s.Key != "" {
		b.t.Errorf("a refusal comes with the session %s", s.Key)
	}
}

func wantReason(t *testing.T, err error, want sessions.Reason) {
	t.Helper()
	var refusal *sessions.Refusal
	if !errors.As(err, &refusal) || refusal.Reason != want || !errors.Is(err, sessions.ErrNoSession) {
		t.Errorf("the error is %v, want a refusal for %q", err, want)
	}
}

func TestASessionLivesFromCreateToDestroy(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for _, userID := range []string{"ann@example.com", "", "a:b{c}*?[d]\\'\" %é日"} {
			token, made, err := b.Create(t.Context(), sessions.Request{UserID: userID, IP: home, UserAgent: "Firefox <3", Data: []byte(`{"cart":[1,2]}`)})
			if err != nil {
				t.Fatal(err)
			}
			if made.UserID != userID || made.IP != home || made.UserAgent != "Firefox <3" || string(made.Data) != `{"cart":[1,2]}` || made.ExpiresIn != 5*time.Minute {
				t.Errorf("made %+v", made)
			}
			if signedIn := !made.AuthenticatedAt.IsZero(); signedIn != (userID != "") {
				t.Errorf("of %q: signed in at %v", userID, made.AuthenticatedAt)
			}
			used := b.validate(token)
			if !used.CreatedAt.Equal(made.CreatedAt) || used.LastAccessed.Before(made.LastAccessed) || used.Key != made.Key {
				t.Errorf("used %+v, made %+v", used, made)
			}
			held, err := b.Get(t.Context(), made.Key)
			if err != nil || !held.LastAccessed.Equal(used.LastAccessed) || held.ExpiresIn <= 0 {
				t.Errorf("held %+v, used %+v, %v", held, used, err)
			}
			for range 2 {
				if err := b.Destroy(t.Context(), token); err != nil {
					t.Error(err)
				}
			}
			b.refuses(token, home, sessions.Unknown)
		}
	})
}

func TestKeysHaveTheirForm(t *testing.T) {
	b := newBench(t, redistest.Any(t).Client())
	token, s := b.create("ann marie@example.com:8")
	if field := strings.Split(s.Key, ":")[2]; field != "ann%20marie@example.com%3A8" {
		t.Errorf("the third field of %s is %s", s.Key, field)
	}
	if !strings.HasSuffix(s.Key, "}"+s.ID) || strings.Contains(s.Key, string(token)[:43]) {
		t.Errorf("the key is %s, the id %s", s.Key, s.ID)
	}
	_, anonymous := b.create("")
	if anonymous.Key != "session:"+anonymous.ID {
		t.Errorf("the key of an anonymous session is %s", anonymous.Key)
	}
	value := b.client.Get(t.Context(), s.Key).Val()
	for i, name := range []string{`{"user_id":"`, `,"ip":"`, `,"created_at":`, `,"last_accessed":`, `,"authenticated_at":`} {
		if at := strings.Index(value, name); at < 0 || i > 0 && at < 20 {
			t.Errorf("%s is at %d in %s", name, at, value)
		}
	}
	for _, key := range b.client.Keys(t.Context(), "*").Val() {
		if ttl := b.client.TTL(t.Context(), key).Val(); ttl <= 0 {
			t.Errorf("%s has a TTL of %v", key, ttl)
		}
	}
	if text := fmt.Sprintf("%v %s %q %+v %#v %x", token, token, token, token, token, token); strings.Contains(text, string(token)[:8]) {
		t.Errorf("fmt prints a token: %s", text)
	}
}
