package sessions_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/helix-collective/helix/sessions"
)

func (b *bench) regenerate(token sessions.Token, r sessions.Request) (sessions.Token, sessions.Session) {
	b.t.Helper()
	r.IP = home
	next, s, err := b.Regenerate(b.t.Context(), token, r)
	if err != nil {
		b.t.Fatal(err)
	}
	return next, s
}

func TestARotationKeepsAllButTheToken(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		old, made, err := b.Create(t.Context(), sessions.Request{UserID: "ann", IP: home, UserAgent: "curl", Data: []byte(`{"n":12345678901234567890}`)})
		if err != nil {
			t.Fatal(err)
		}
		b.create("ann")
		next, s := b.regenerate(old, sessions.Request{})
		if next == old || s.ID == made.ID || !s.CreatedAt.Equal(made.CreatedAt) || !s.AuthenticatedAt.Equal(made.AuthenticatedAt) ||
			string(s.Data) != string(made.Data) || s.UserAgent != "curl" || s.Retired {
			t.Errorf("from %+v to %+v", made, s)
		}
		if n, err := b.CountUser(t.Context(), "ann"); n != 2 || err != nil {
			t.Errorf("%d sessions, %v", n, err)
		}
		b.validate(next)
	})
}

func TestARetiredTokenOnlyReads(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		old, made := b.create("ann")
		next, s := b.regenerate(old, sessions.Request{})
		before := b.client.Get(t.Context(), s.Key).Val()
		read := b.validate(old)
		if !read.Retired || read.ID != made.ID || read.Key != made.Key || read.ExpiresIn > 10*time.Second || read.UserID != "ann" {
			t.Errorf("with the retired token: %+v", read)
		}
		if after := b.client.Get(t.Context(), s.Key).Val(); after != before {
			t.Error("the retired token refreshed the session")
		}
		b.refuses(old, another, sessions.OtherAddress)
		for _, r := range []sessions.Request{{IP: home}, {IP: home, UserID: "ann"}, {IP: home, UserID: "eve"}} {
			_, _, err := b.Regenerate(t.Context(), old, r)
			wantReason(t, err, sessions.Unknown)
		}
		b.policy.RegenerateOnAuth = false
		_, _, err := b.Regenerate(t.Context(), old, sessions.Request{IP: home, UserID: "ann"})
		wantReason(t, err, sessions.Unknown)
		third, _ := b.regenerate(next, sessions.Request{})
		if !b.validate(old).Retired || !b.validate(next).Retired {
			t.Error("after two rotations the retired tokens do not read")
		}
		if err := b.Destroy(t.Context(), third); err != nil {
			t.Fatal(err)
		}
		for _, dead := range []sessions.Token{old, next, third} {
			b.refuses(dead, home, sessions.Unknown)
		}
	})
}

func TestLogoutWithARetiredTokenEndsTheSession(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		old, _ := b.create("ann")
		mid, _ := b.regenerate(old, sessions.Request{})
		next, _ := b.regenerate(mid, sessions.Request{})
		if err := b.Destroy(t.Context(), old); err != nil {
			t.Fatal(err)
		}
		for _, dead := range []sessions.Token{old, mid, next} {
			b.refuses(dead, home, sessions.Unknown)
		}
	})
}

func TestTheGraceEnds(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.policy.Grace = 0
		old, _ := b.create("ann")
		next, _ := b.regenerate(old, sessions.Request{})
		b.refuses(old, home, sessions.Unknown)
		b.policy.Grace = time.Millisecond * 20
		third, _ := b.regenerate(next, sessions.Request{})
		for _, key := range b.keys("helix:retired:*") {
			if left := b.client.PTTL(t.Context(), key).Val(); left <= 0 || left > 20*time.Millisecond && left != -2 {
				t.Errorf("%s lasts for %v", key, left)
			}
			b.client.Del(t.Context(), key) // miniredis has no clock of its own
		}
		b.refuses(next, home, sessions.Unknown)
		b.validate(third)
	})
}

func TestSigningInEndsTheOldTokenAtOnce(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		anonymous, made, err := b.Create(t.Context(), sessions.Request{IP: home, UserAgent: "curl", Data: []byte(`{"cart":1}`)})
		if err != nil {
			t.Fatal(err)
		}
		ann, s := b.regenerate(anonymous, sessions.Request{UserID: "ann"})
		if s.UserID != "ann" || string(s.Data) != `{"cart":1}` || s.UserAgent != "curl" || s.AuthenticatedAt.IsZero() || s.CreatedAt.Before(made.CreatedAt) {
			t.Errorf("signed in: %+v", s)
		}
		b.refuses(anonymous, home, sessions.Unknown)

		again, s2 := b.regenerate(ann, sessions.Request{UserID: "ann", Data: []byte(`2`)})
		if string(s2.Data) != "2" || !s2.AuthenticatedAt.After(s.AuthenticatedAt) || !s2.CreatedAt.After(s.CreatedAt) {
			t.Errorf("signed in again: %+v", s2)
		}
		b.refuses(ann, home, sessions.Unknown)

		eve, s3 := b.regenerate(again, sessions.Request{UserID: "eve"})
		if s3.UserID != "eve" || s3.Data != nil || s3.UserAgent != "" {
			t.Errorf("another person got %+v", s3)
		}
		b.refuses(again, home, sessions.Unknown)
		b.validate(eve)
		if n, err := b.CountUser(t.Context(), "ann"); n != 0 || err != nil {
			t.Errorf("ann has %d sessions, %v", n, err)
		}
	})
}

func TestSigningInAgainCostsNobodyASession(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.policy.MaxPerUser, b.policy.DenyAbove, b.policy.MaxPerAddressPerHour = 2, true, 2
		other, _ := b.create("ann")
		token, _ := b.create("ann")
		for range 3 {
			token, _ = b.regenerate(token, sessions.Request{UserID: "ann"})
			token, _ = b.regenerate(token, sessions.Request{})
		}
		b.policy.DenyAbove = false
		token, _ = b.regenerate(token, sessions.Request{UserID: "ann"})
		b.validate(token)
		b.validate(other)
	})
}

func TestARefusedSignInLeavesTheSession(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		b.policy.MaxPerUser, b.policy.DenyAbove = 1, true
		b.create("ann")
		anonymous, _ := b.create("")
		_, _, err := b.Regenerate(t.Context(), anonymous, sessions.Request{UserID: "ann", IP: home})
		wantLimit(t, err, sessions.PerUser, 1)
		b.validate(anonymous)
		_, _, err = b.Regenerate(t.Context(), anonymous, sessions.Request{UserID: "ann", IP: another})
		wantReason(t, err, sessions.OtherAddress)
		var input *sessions.InputError
		if _, _, err := b.Regenerate(t.Context(), anonymous, sessions.Request{UserID: "ann", IP: home, Data: []byte("{")}); !errors.As(err, &input) {
			t.Errorf("the error is %v, want an *InputError", err)
		}
	})
}

func TestOfSignInsAtOnceOneSucceeds(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for _, userID := range []string{"", "ann"} {
			token, _ := b.create(userID)
			var mu sync.Mutex
			made := 0
			together(10, func(int) {
				_, _, err := b.Regenerate(t.Context(), token, sessions.Request{UserID: "bob", IP: home})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made++
				} else if !errors.Is(err, sessions.ErrNoSession) {
					t.Error(err)
				}
			})
			if n, err := b.DestroyUser(t.Context(), "bob"); made != 1 || n != 1 || err != nil {
				t.Errorf("%d sign-ins succeeded and left %d sessions, %v", made, n, err)
			}
		}
	})
}

func TestRegenerateOnAuthIsLive(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		token, made := b.create("ann")
		b.policy.RegenerateOnAuth = false
		same, s := b.regenerate(token, sessions.Request{UserID: "ann"})
		if same != token || !s.AuthenticatedAt.After(made.AuthenticatedAt) || !s.CreatedAt.Equal(made.CreatedAt) {
			t.Errorf("off: another token, or %+v", s)
		}
		b.policy.RegenerateOnAuth = true
		if next, _ := b.regenerate(token, sessions.Request{UserID: "ann"}); next == token {
			t.Error("on: the same token")
		}
		b.refuses(token, home, sessions.Unknown)
	})
}

func TestAnAnonymousRotationHasNoGrace(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		token, made := b.create("")
		next, s := b.regenerate(token, sessions.Request{})
		if s.UserID != "" || !s.CreatedAt.Equal(made.CreatedAt) || !s.AuthenticatedAt.IsZero() {
			t.Errorf("%+v", s)
		}
		b.refuses(token, home, sessions.Unknown)
		b.validate(next)
	})
}
