package sessions_test

import (
	"errors"
	"testing"

	"github.com/helix-collective/helix/sessions"
)

// Whichever comes first, a logout ends what a rotation in flight makes of the
// session: the browser has only the old token yet.
func TestALogoutEndsWhatARotationInFlightMakes(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		for range 40 {
			old, _ := b.create("ann")
			var next sessions.Token
			together(2, func(i int) {
				if i == 0 {
					if err := b.Destroy(t.Context(), old); err != nil {
						t.Error(err)
					}
					return
				}
				var err error
				if next, _, err = b.Regenerate(t.Context(), old, sessions.Request{IP: home}); err != nil && !errors.Is(err, sessions.ErrNoSession) {
					t.Error(err)
				}
			})
			b.refuses(old, home, sessions.Unknown)
			if next != "" {
				b.refuses(next, home, sessions.Unknown)
			}
			if n, err := b.CountUser(t.Context(), "ann"); n != 0 || err != nil {
				t.Fatalf("%d sessions are left, %v", n, err)
			}
		}
	})
}

// A sign-in ends the old token before the new one is answered, however many
// requests are under way with it: nobody who planted it gets in.
func TestAPlantedTokenNeverValidatesAfterTheSignIn(t *testing.T) {
	each(t, func(t *testing.T, b *bench) {
		planted, _ := b.create("")
		var next sessions.Token
		b.storm(planted, func() {
			var err error
			if next, _, err = b.Regenerate(t.Context(), planted, sessions.Request{UserID: "ann", IP: home}); err != nil {
				t.Error(err)
			}
		})
		if s := b.validate(next); s.UserID != "ann" || s.Retired {
			t.Errorf("after the sign-in: %+v", s)
		}
	})
}
