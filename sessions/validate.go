package sessions

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/helix-collective/helix/clientip"
)

// Validate answers the session that a token stands for and counts as its use: it
// sets last_accessed and lets the key end with the idle timeout or the absolute
// age, whichever comes first. It takes one round trip, or two where the client's
// address is another one of the same network.
//
// The error is ErrNoSession where there is none, where it is past its idle
// timeout or absolute age, or where redis.session_bind_ip is on and ip is not in
// the network that the session was made from. A text that is no address is in no
// network. A refused session is not touched, and one past its time that this
// package made is ended.
//
// Where Redis refuses writes (out of memory, a replica, failed persistence) the
// session is answered but not refreshed; Session.Stale says so.
func (s *Store) Validate(ctx context.Context, token Token, ip string) (Session, error) {
	policy := s.policy()
	p, err := s.find(token, policy)
	if err != nil {
		return Session{}, err
	}
	session, err := s.use(ctx, p, ip, policy, touch, "")
	if err == nil {
		s.did.validated.Add(1)
	}
	return session, err
}

// manner is how a session is looked at.
type manner string

const (
	touch  manner = "t"
	signIn manner = "ts"
	claim  manner = "c"
)

// use looks at the session at a place. To claim it takes the name of whoever
// claims it.
func (s *Store) use(ctx context.Context, p place, ip string, policy Policy, m manner, claimant string) (Session, error) {
	keys, mode := p.keys(), string(m)
	if !p.foreign {
		mode = "o" + mode
	}
	args := []any{nil, policy.IdleTimeout.Milliseconds(), policy.TTL.Milliseconds()}
	if mode != usual {
		args = append(args, mode)
	}
	if m == claim {
		keys, args = append(keys, p.claim()), append(args, claimant)
	}
	return checked(p, ip, policy, func(user, address string) (reply string, err error) {
		args[0] = begins(user, address)
		err = s.onSets(ctx, []string{p.index}, func() (err error) {
			reply, err = s.run.use.Run(ctx, s.client, keys, args...).Text()
			return err
		})
		return reply, err
	})
}

// usual is what the script does if it is not told.
const usual = "o" + string(touch)

// begins answers how the JSON of a session of our own begins, for the texts of
// its person and its address: up to the time of its creation, or for any address
// up to that.
func begins(user, address string) string {
	if address == "" {
		return `{"user_id":` + user + `,"ip":"`
	}
	return `{"user_id":` + user + `,"ip":` + address + `,"created_at":`
}

// find answers where the session of a token is.
func (s *Store) find(token Token, policy Policy) (place, error) {
	p, ok := s.names.of(token)
	switch {
	case !ok:
		return place{}, &Refusal{Reason: Malformed}
	case p.foreign && !policy.Compat:
		return place{}, &Refusal{Reason: NotAccepted}
	}
	return p, nil
}

// checked runs a script that holds a session against the texts of a person and an
// address. Where these are the same in other words, as in an escaped letter or
// another address of the network, it runs the script again with the session's
// own: the script compares texts, so that a change in between is not missed.
func checked(p place, ip string, policy Policy, run func(user, address string) (string, error)) (Session, error) {
	if _, ok := clientip.Parse(ip); policy.BindAddress && !ok {
		return Session{}, &Refusal{Reason: OtherAddress}
	}
	user, address := expected(p, ip, policy)
	reply, err := run(user, address)
	if err != nil {
		return Session{}, fmt.Errorf("look at a session: %w", err)
	}
	a := parseAnswer(reply)
	if reason := Reason(a.outcome); reason == OtherUser || reason == OtherAddress {
		if user, address, err = agreed(p, a.value, ip, policy); err != nil {
			return Session{}, err
		}
		if reply, err = run(user, address); err != nil {
			return Session{}, fmt.Errorf("look at a session again: %w", err)
		}
		a = parseAnswer(reply)
	}
	return a.session(p, ip, policy, begins(user, address))
}

// whose holds what was decoded against the person and the address again: a member
// that stands there twice is the only way in which it differs from what the
// script saw.
func whose(session Session, p place, ip string, policy Policy) error {
	switch {
	case !p.foreign && session.UserID != p.userID:
		return &Refusal{Reason: OtherUser}
	case policy.BindAddress && !sameNetwork(session.IP, ip):
		return &Refusal{Reason: OtherAddress}
	}
	return nil
}

// expected answers the texts that a session is most likely to have.
func expected(p place, ip string, policy Policy) (user, address string) {
	if !p.foreign {
		user = quoteUser(p.userID)
	}
	if !policy.BindAddress {
		return user, ""
	}
	if addr, ok := clientip.Parse(ip); ok {
		ip = addr.String()
	}
	return user, quote(ip)
}

// answer is what a script found out about a session.
type answer struct {
	outcome string
	value   string
	left    time.Duration
	word    string
	short   bool // the value was as it was to be, and was used
}

// parseAnswer takes apart what a script answers; see useLua and answerLua.
func parseAnswer(reply string) answer {
	if strings.HasPrefix(reply, "{") {
		return answer{outcome: outcomeOK, value: reply, short: true}
	}
	line, value, _ := strings.Cut(reply, "\n")
	outcome, line, _ := strings.Cut(line, " ")
	left, word, _ := strings.Cut(line, " ")
	milliseconds, _ := strconv.ParseInt(left, 10, 64) // 0 where there is none
	return answer{outcome: outcome, value: value, left: remaining(milliseconds), word: word}
}

// session judges an answer. begins is how the value was to begin.
func (a answer) session(p place, ip string, policy Policy, begins string) (Session, error) {
	if a.outcome != outcomeOK {
		return Session{}, &Refusal{Reason: Reason(a.outcome)}
	}
	if a.short {
		if session, ok := readOwn(p, a.value, begins); ok {
			session.ExpiresIn = lasts(session, policy)
			return session, nil
		}
	}
	session, err := read(p, a.value)
	if err != nil {
		return Session{}, &Refusal{Reason: Malformed}
	}
	if err := whose(session, p, ip, policy); err != nil {
		return Session{}, err
	}
	session.ExpiresIn = a.left
	if a.short {
		session.ExpiresIn = lasts(session, policy)
	}
	session.Stale, session.Retired = a.word == "stale", a.word == "retired"
	return session, nil
}

// lasts answers for how long a session lasts that has just been used.
func lasts(s Session, policy Policy) time.Duration {
	left := min(policy.IdleTimeout, policy.TTL-s.LastAccessed.Sub(s.CreatedAt))
	return max(left, 0).Truncate(time.Millisecond)
}

// agreed answers a session's own texts of its person and its address, if they
// mean those that are asked for.
func agreed(p place, value, ip string, policy Policy) (user, address string, err error) {
	v, err := members(value)
	if err != nil {
		return "", "", &Refusal{Reason: Malformed}
	}
	if !p.foreign {
		if text(v[memberUser]) != p.userID {
			return "", "", &Refusal{Reason: OtherUser}
		}
		user = string(v[memberUser])
	}
	if !policy.BindAddress {
		return user, "", nil
	}
	if !sameNetwork(text(v[memberIP]), ip) {
		return "", "", &Refusal{Reason: OtherAddress}
	}
	return user, string(v[memberIP]), nil
}
