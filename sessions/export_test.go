package sessions

import "strconv"

// ValidateCall answers the EVALSHA that Validate sends, for others to send.
func ValidateCall(s *Store, token Token, ip string) []string {
	p, _ := s.names.of(token)
	policy := s.policy()
	user, address := expected(p, ip, policy)
	call := append([]string{"EVALSHA", s.run.use.Hash(), strconv.Itoa(len(p.keys()))}, p.keys()...)
	return append(call, user, address, strconv.FormatInt(policy.IdleTimeout.Milliseconds(), 10),
		strconv.FormatInt(policy.TTL.Milliseconds(), 10), p.id, "o"+string(touch))
}
