package sessions

import "strconv"

// ValidateCall answers the EVALSHA that Validate sends, for others to send.
func ValidateCall(s *Store, token Token, ip string) []string {
	p, _ := s.names.of(token)
	policy := s.policy()
	user, address := expected(p, ip, policy)
	call := append([]string{"EVALSHA", s.run.use.Hash(), strconv.Itoa(len(p.keys()))}, p.keys()...)
	return append(call, begins(user, address), strconv.FormatInt(policy.IdleTimeout.Milliseconds(), 10),
		strconv.FormatInt(policy.TTL.Milliseconds(), 10))
}

// ReadOwn and Read answer the session in a value of a person, the short way and
// the long one.
func ReadOwn(userID, value, begins string) (Session, bool) {
	return readOwn(own(userID, ""), value, begins)
}

func Read(userID, value string) (Session, error) { return read(own(userID, ""), value) }
