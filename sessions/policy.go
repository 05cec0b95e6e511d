package sessions

import (
	"time"

	"github.com/helix-collective/helix/settings"
)

// Policy is what holds for sessions, new and existing, at one moment.
type Policy struct {
	TTL                  time.Duration // from creation to the end, however busy
	IdleTimeout          time.Duration // from the last use to the end
	MaxPerUser           int
	DenyAbove            bool // at MaxPerUser, refuse a creation rather than end the oldest session
	MaxPerAddressPerHour int
	BindAddress          bool          // valid only from the network it was made from
	RegenerateOnAuth     bool          // signing in again replaces the token
	Compat               bool          // sessions whose id is a bare UUID are accepted
	Grace                time.Duration // how long a rotated token still reads
}

// MaxGrace bounds Policy.Grace.
const MaxGrace = 10 * time.Second

// PolicyOf reads a policy from the settings in force.
func PolicyOf(s *settings.Snapshot) Policy {
	return Policy{
		TTL:                  s.Duration(settings.SessionTTL),
		IdleTimeout:          s.Duration(settings.SessionIdleTimeout),
		MaxPerUser:           s.Int(settings.MaxSessionsPerUser),
		DenyAbove:            s.Text(settings.MaxSessionsAction) == settings.Deny,
		MaxPerAddressPerHour: s.Int(settings.MaxSessionsPerIPPerHour),
		BindAddress:          s.Bool(settings.SessionBindIP),
		RegenerateOnAuth:     s.Bool(settings.SessionRegenerateOnAuth),
		Compat:               s.Bool(settings.SessionCompat),
		Grace:                min(s.Duration(settings.SessionsGrace), MaxGrace),
	}
}

// Live answers the policy of the settings in force whenever it is asked, which
// New takes. *settings.Live and *settings.Base are what it reads from.
func Live(source interface{ Snapshot() *settings.Snapshot }) func() Policy {
	return func() Policy { return PolicyOf(source.Snapshot()) }
}

// Fixed answers always the same policy.
func Fixed(p Policy) func() Policy { return func() Policy { return p } }
