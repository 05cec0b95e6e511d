package sessions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/clientip"
)

// Create makes a session and answers the token that is its credential. The token
// is in no answer again and nowhere in Redis.
//
// A person who has redis.max_sessions_per_user sessions loses the one not used
// for longest, or the error is a *LimitError, as redis.max_sessions_action says.
// It is a *LimitError as well where the address has made
// redis.max_sessions_per_ip_per_hour sessions within the last hour. A refused
// creation counts towards no limit. It takes one round trip, in a Cluster two.
//
// Where it cannot be known whether the session was made, as when a reply is lost,
// the error is a fault, and a session that may have been made is ended as far as
// Redis can be reached.
func (s *Store) Create(ctx context.Context, r Request) (Token, Session, error) {
	addr, err := checkRequest(&r)
	if err != nil {
		return "", Session{}, err
	}
	c := creation{request: r, policy: s.policy(), address: addressPrefix + addr}
	return s.create(ctx, c)
}

// checkRequest refuses what cannot be a session, brings the rest into its form,
// and answers the network of the address.
func checkRequest(r *Request) (string, error) {
	if err := checkUserID(r.UserID); err != nil {
		return "", err
	}
	addr, ok := clientip.Parse(r.IP)
	if !ok {
		return "", &InputError{Field: memberIP, Reason: "not an IPv4 or IPv6 address"}
	}
	switch {
	case len(r.Data) > MaxData:
		return "", &InputError{Field: memberData, Reason: fmt.Sprintf("more than %d bytes", MaxData)}
	case len(r.Data) > 0 && !json.Valid(r.Data):
		return "", &InputError{Field: memberData, Reason: "not JSON"}
	}
	r.IP = addr.String()
	r.UserAgent = cut(r.UserAgent, MaxUserAgent)
	return network(addr), nil
}

// creation is a session to be made.
type creation struct {
	request Request
	policy  Policy
	address string // the key of its address; empty where this counts as no creation
	made    string // seconds: when it began, where that is not now
	extra   string // further members of its JSON

	replaces place // of the same person, ended in the same moment; its key is empty if there is none
}

// create makes a session with a new token.
func (s *Store) create(ctx context.Context, c creation) (Token, Session, error) {
	secret := newSecret()
	p := own(c.request.UserID, s.names.id(secret, c.request.UserID))
	d, err := write(c.request, c.extra)
	if err != nil {
		return "", Session{}, err
	}
	apart := c.address != "" && !s.together()
	if apart {
		if err := s.reserve(ctx, c, p); err != nil {
			return "", Session{}, err
		}
	}
	session, err := s.make(ctx, c, p, d)
	if err == nil {
		s.did.created.Add(1)
		return newToken(secret, c.request.UserID), session, nil
	}
	var refused *LimitError
	if !errors.As(err, &refused) && !errors.Is(err, ErrNoSession) {
		s.abandon(ctx, p)
	}
	if apart {
		s.release(ctx, c, p)
	}
	return "", Session{}, err
}

// together reports whether one script reaches every key.
func (s *Store) together() bool {
	_, one := s.client.(*redis.Client)
	return one
}

// make runs the script of a creation, a second time where sessions of other
// software that were counted turn out to be over.
func (s *Store) make(ctx context.Context, c creation, p place, d draft) (Session, error) {
	answer, err := s.runCreate(ctx, c, p, d)
	if err != nil {
		return Session{}, err
	}
	if answer.outcome == outcomeLimit && len(answer.foreign) > 0 {
		over, err := s.forget(ctx, c.request.UserID, answer.foreign)
		if err != nil {
			return Session{}, err
		}
		if over > 0 {
			if answer, err = s.runCreate(ctx, c, p, d); err != nil {
				return Session{}, err
			}
		}
	}
	return s.made(ctx, c, p, d, answer)
}

// made judges the answer of a creation.
func (s *Store) made(ctx context.Context, c creation, p place, d draft, answer createAnswer) (Session, error) {
	switch answer.outcome {
	case outcomeOK:
	case outcomeAddress:
		return Session{}, &LimitError{Limit: PerAddress, Max: c.policy.MaxPerAddressPerHour, RetryAfter: answer.wait}
	case outcomeLimit:
		return Session{}, &LimitError{Limit: PerUser, Max: c.policy.MaxPerUser}
	default:
		return Session{}, &Refusal{Reason: Reason(answer.outcome)}
	}
	session, ok := readOwn(p, answer.value, d.head)
	if !ok {
		var err error
		if session, err = read(p, answer.value); err != nil {
			return Session{}, fmt.Errorf("create a session: %w", err)
		}
	}
	session.ExpiresIn = answer.wait
	if answer.fresh {
		session.ExpiresIn = lasts(session, c.policy)
	}
	if len(answer.foreign) > 0 {
		if _, err := s.unlink(ctx, answer.foreign); err != nil {
			return Session{}, err
		}
	}
	return session, nil
}

// The outcomes of the scripts that are no Reason.
const (
	outcomeOK      = "ok"
	outcomeAddress = "address"
	outcomeLimit   = "limit"
)

// createAnswer is what the script of a creation answers.
type createAnswer struct {
	outcome string
	value   string
	fresh   bool          // the value is new, and lasts as one that was just used
	wait    time.Duration // else how long it lasts, or until there is room
	foreign []string
}

func (s *Store) runCreate(ctx context.Context, c creation, p place, d draft) (createAnswer, error) {
	keys, roles := c.keys(p, s.together())
	idle, ttl := c.policy.IdleTimeout.Milliseconds(), c.policy.TTL.Milliseconds()
	args := []any{roles, d.head, d.tail, idle, ttl + 2*idle, c.policy.MaxPerUser, c.policy.MaxPerAddressPerHour}
	if member := c.replaces.member(); c.made != "" || member != "" {
		args = append(args, c.made, ttl, member)
	}
	var reply any
	err := s.onSets(ctx, []string{p.index, c.address}, func() (err error) {
		reply, err = s.run.create.Run(ctx, s.client, keys, args...).Result()
		return err
	})
	if err != nil {
		return createAnswer{}, fmt.Errorf("create a session: %w", err)
	}
	return parseCreate(reply), nil
}

// keys answers the keys of a creation, and the letters that say what they are.
func (c creation) keys(p place, together bool) (keys []string, roles string) {
	keys = []string{p.key}
	add := func(key, role string) {
		keys, roles = append(keys, key), roles+role
	}
	if p.index != "" {
		add(p.index, "i")
	}
	if c.replaces.index != "" {
		add(c.replaces.key, "r")
	}
	if c.address != "" && together {
		add(c.address, "a")
	}
	if c.policy.DenyAbove {
		roles += "d"
	}
	return keys, roles
}

func parseCreate(answer any) (a createAnswer) {
	if value, ok := answer.(string); ok {
		return createAnswer{outcome: outcomeOK, value: value, fresh: true}
	}
	reply, _ := answer.([]any)
	a.outcome = asText(reply, 0)
	switch a.outcome {
	case outcomeOK:
		a.value, a.wait, a.foreign = asText(reply, 1), asTime(reply, 2), asTexts(reply, 3)
	case outcomeAddress:
		a.wait = asTime(reply, 1)
	case outcomeLimit:
		a.foreign = asTexts(reply, 1)
	}
	return a
}

// creationName is what a creation is called among those of its address.
func creationName(p place) string { return p.id[:12] }

// reserve counts a creation for its address before it is made, where the address
// is out of reach of the script that makes it.
func (s *Store) reserve(ctx context.Context, c creation, p place) error {
	var wait int64
	err := s.onSets(ctx, []string{c.address}, func() (err error) {
		wait, err = s.run.reserve.Run(ctx, s.client, []string{c.address}, c.policy.MaxPerAddressPerHour, creationName(p)).Int64()
		return err
	})
	if err != nil {
		return fmt.Errorf("count a session for its address: %w", err)
	}
	if wait > 0 {
		return &LimitError{Limit: PerAddress, Max: c.policy.MaxPerAddressPerHour, RetryAfter: time.Duration(wait) * time.Millisecond}
	}
	return nil
}

// mendTime bounds how long it is tried to take back what came to nothing.
const mendTime = 2 * time.Second

// release takes a reservation back. If that fails the address has one creation
// less within this hour, which is the safe side.
func (s *Store) release(ctx context.Context, c creation, p place) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mendTime)
	defer cancel()
	_ = s.client.ZRem(ctx, c.address, creationName(p)).Err() // see above
}

// abandon ends a session that may have been made and whose token nobody has. If
// that fails it ends with its idle timeout.
func (s *Store) abandon(ctx context.Context, p place) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), mendTime)
	defer cancel()
	_, _ = s.destroy(ctx, p) // see above
}

// forget takes those of a person's listed sessions of other software out of the
// index that are no more, and answers how many.
func (s *Store) forget(ctx context.Context, userID string, keys []string) (int, error) {
	there, err := s.present(ctx, keys)
	if err != nil {
		return 0, err
	}
	var over []any
	for i, key := range keys {
		if !there[i] {
			over = append(over, key)
		}
	}
	return len(over), s.unlist(ctx, userID, over)
}
