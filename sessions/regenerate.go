package sessions

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"
)

// Regenerate replaces a session by one with a new token, after the checks of
// Validate. The token that was given is no credential afterwards.
//
// With an empty UserID it is a rotation: the session keeps its person, data, age
// and place among the person's sessions; of the request only the address counts,
// for the checks. For the grace of the policy the old token of a signed-in person
// still reads the session (Session.Retired), which requests in flight need; it
// can neither be regenerated nor refreshed, and ends with its successor.
//
// With a UserID it is a sign-in: the age begins anew, there is no grace (the old
// token is dead before the new one is answered), and the limits of Create apply;
// a person who was signed in already takes the place of the old session. Data,
// where the request has none, goes along unless the session was another person's.
// Where redis.session_regenerate_on_auth is off and the session is the person's
// already, it keeps its token and only notes the sign-in; a session that was not
// the person's always gets a new one, since the token names the person.
//
// The new session is made first: where that is refused (a *LimitError) or fails,
// the old one goes on. Of several sign-ins with one token at most one succeeds, and
// the others change nothing.
func (s *Store) Regenerate(ctx context.Context, token Token, r Request) (Token, Session, error) {
	newToken, session, err := s.regenerate(ctx, token, r)
	if err != nil {
		return "", Session{}, fmt.Errorf("regenerate a session: %w", err)
	}
	return newToken, session, nil
}

func (s *Store) regenerate(ctx context.Context, token Token, r Request) (Token, Session, error) {
	policy := s.policy()
	p, err := s.find(token, policy)
	if err != nil {
		return "", Session{}, err
	}
	switch {
	case r.UserID == "" && p.index != "":
		return s.rotate(ctx, p, r.IP, policy)
	case r.UserID != "" && r.UserID == p.userID && !policy.RegenerateOnAuth:
		session, err := s.useUnretired(ctx, p, r.IP, policy, signIn, "")
		return token, session, err
	}
	claimant := newSecret()
	old, err := s.useUnretired(ctx, p, r.IP, policy, claim, string(claimant[:]))
	if err != nil {
		return "", Session{}, err
	}
	newToken, session, err := s.replace(ctx, p, old, r, policy, string(claimant[:]))
	if err != nil {
		s.unclaim(ctx, p)
	}
	return newToken, session, err
}

// useUnretired looks at a session as use does, but not with a token that only
// reads.
func (s *Store) useUnretired(ctx context.Context, p place, ip string, policy Policy, m manner, claimant string) (Session, error) {
	session, err := s.use(ctx, p, ip, policy, m, claimant)
	if err == nil && session.Retired {
		return Session{}, &Refusal{Reason: Unknown}
	}
	return session, err
}

// unclaim lets others sign in with a token again. If that fails they may in a few
// seconds.
func (s *Store) unclaim(ctx context.Context, p place) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mendTime)
	defer cancel()
	_ = s.client.Unlink(ctx, p.claim()).Err() // see above
}

// rotate replaces the session of a signed-in person by the same with a new token.
func (s *Store) rotate(ctx context.Context, p place, ip string, policy Policy) (Token, Session, error) {
	secret := newSecret()
	next := own(p.userID, s.names.id(secret, p.userID))
	session, err := checked(next, ip, policy, func(user, address string) (reply string, err error) {
		err = s.onSets(ctx, []string{p.index}, func() (err error) {
			reply, err = s.run.rotate.Run(ctx, s.client, append(p.keys(), next.key), user, address,
				policy.IdleTimeout.Milliseconds(), policy.TTL.Milliseconds(), p.id, next.id, policy.Grace.Milliseconds()).Text()
			return err
		})
		return reply, err
	})
	if err != nil {
		return "", Session{}, err
	}
	return newToken(secret, p.userID), session, nil
}

// replace makes a new session in place of one whose keys may be elsewhere, or
// whose content changes, and ends that.
func (s *Store) replace(ctx context.Context, p place, old Session, r Request, policy Policy, claimant string) (Token, Session, error) {
	c, err := successor(old, r, policy)
	if err != nil {
		return "", Session{}, err
	}
	samePerson := c.request.UserID != "" && c.request.UserID == old.UserID
	if samePerson {
		c.replaces = p
	}
	token, session, err := s.create(ctx, c)
	if err != nil || samePerson && !p.foreign {
		return token, session, err
	}
	ended, err := s.destroyFor(ctx, p, claimant)
	if err == nil && ended == 0 {
		err = &Refusal{Reason: Unknown} // somebody else has ended or replaced it meanwhile
	}
	if err != nil {
		next, _ := s.names.of(token)
		s.abandon(ctx, next)
		return "", Session{}, err
	}
	return token, session, nil
}

// successor answers the session that takes another's place.
func successor(old Session, r Request, policy Policy) (creation, error) {
	if r.UserID == "" {
		same := Request{UserID: old.UserID, IP: old.IP, UserAgent: old.UserAgent, Data: old.Data}
		return creation{request: same, policy: policy, made: seconds(old.CreatedAt), extra: old.extra}, nil
	}
	addr, err := checkRequest(&r)
	if err != nil {
		return creation{}, err
	}
	c := creation{request: r, policy: policy}
	if r.UserID != old.UserID {
		c.address = addressPrefix + addr
	}
	if old.UserID == "" || old.UserID == r.UserID {
		c.extra = old.extra
		c.request.UserAgent = cmp.Or(r.UserAgent, old.UserAgent)
		if len(r.Data) == 0 {
			c.request.Data = old.Data
		}
	}
	return c, nil
}

// seconds answers a time as the JSON of a session has it.
func seconds(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return strconv.FormatFloat(float64(t.UnixMicro())/1e6, 'f', 6, 64)
}
