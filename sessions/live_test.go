package sessions_test

import (
	"errors"
	"testing"
	"time"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/settings"
)

// Each setting that the store goes by is changed as `!config set` does, and its
// effect seen on the store that was made before, and on sessions that were.
func TestSettingsApplyAtOnce(t *testing.T) {
	client := redistest.Any(t).Client()
	live := settings.Open(t.Context(), client, settings.Defaults())
	b := &bench{Store: sessions.New(client, sessions.Live(live), sessions.Options{}), t: t, client: client}
	set := func(words ...string) {
		t.Helper()
		wishes, err := settings.ParseAssignments(words)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := live.Set(t.Context(), wishes, settings.Who{ID: "1", Name: "Ann"}); err != nil {
			t.Fatal(err)
		}
	}

	token, s := b.create("ann")
	if s.ExpiresIn != 5*time.Minute {
		t.Errorf("it lasts for %v", s.ExpiresIn)
	}
	set("redis.session_idle_timeout=600")
	if s := b.validate(token); s.ExpiresIn != 10*time.Minute {
		t.Errorf("with another idle timeout it lasts for %v", s.ExpiresIn)
	}
	set("redis.session_bind_ip=false")
	if _, err := b.Validate(t.Context(), token, another); err != nil {
		t.Error(err)
	}
	set("redis.session_bind_ip=true")
	b.refuses(token, another, sessions.OtherAddress)

	set("sessions.grace=0")
	next, _ := b.regenerate(token, sessions.Request{})
	b.refuses(token, home, sessions.Unknown)
	set("redis.session_regenerate_on_auth=false")
	if same, _ := b.regenerate(next, sessions.Request{UserID: "ann"}); same != next {
		t.Error("signing in again replaced the token")
	}

	set("redis.max_sessions_per_user=2", "redis.max_sessions_action=deny")
	b.create("ann")
	_, _, err := b.Create(t.Context(), sessions.Request{UserID: "ann", IP: home})
	wantLimit(t, err, sessions.PerUser, 2)
	set("redis.max_sessions_action=evict-oldest")
	b.create("ann")
	b.refuses(next, home, sessions.Unknown)
	set("redis.max_sessions_per_ip_per_hour=3")
	_, _, err = b.Create(t.Context(), sessions.Request{UserID: "bob", IP: home})
	wantLimit(t, err, sessions.PerAddress, 3)
	set("redis.max_sessions_per_ip_per_hour=4")
	last, s := b.create("bob")

	b.age(s.Key, 9*time.Minute)
	b.validate(last)
	set("redis.session_ttl=480", "redis.session_idle_timeout=300")
	b.refuses(last, home, sessions.TooOld)

	set("redis.session_compat=false")
	if _, err := b.Validate(t.Context(), "3f2a9c01-91e4-4a77-8d00-0123456789ab", home); reasonOf(err) != sessions.NotAccepted || !errors.Is(err, sessions.ErrNoSession) {
		t.Errorf("a UUID: %v", err)
	}
}
