package chaos

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The requests of the load.
const (
	creates   = "create"
	letsIn    = "create a visitor" // who is nobody yet
	validates = "validate"
	rotates   = "rotate"
	signsIn   = "sign in"
	destroys  = "destroy"
	forges    = "forge" // validates a token with another person's name in it
)

// request is one to the session service, and its answer.
type request struct {
	life         *life
	what         string
	token        string // that was shown
	instance     int    // of Helix
	began, ended time.Time
	answer       answer
}

func (c *request) String() string {
	return fmt.Sprintf("%s %s at instance %d, %d ms → %s", c.began.Format("05.000"), c.what, c.instance, c.ended.Sub(c.began).Milliseconds(), c.answer)
}

// life is one session from its creation to its end, under one token after the
// other.
type life struct {
	user    string
	address string
	token   string // the last; empty: none was made
	earlier []string
}

func isCreation(what string) bool { return what == creates || what == letsIn }

// asks answers the path and the body of a request that shows a token.
func (l *life) asks(what, token string) (path string, body map[string]any) {
	body = map[string]any{"ip": l.address, "token": token}
	switch what {
	case creates:
		return "/v1/sessions", map[string]any{"ip": l.address, "user_id": l.user, "data": owned{l.user}}
	case letsIn:
		return "/v1/sessions", map[string]any{"ip": l.address, "user_id": nil, "data": owned{l.user}}
	case signsIn:
		body["user_id"] = l.user
		return "/v1/sessions/regenerate", body
	case rotates:
		return "/v1/sessions/regenerate", body
	case destroys:
		return "/v1/sessions/destroy", map[string]any{"token": token}
	}
	return "/v1/sessions/validate", body
}

// learn takes in the token of an answer.
func (l *life) learn(c *request) {
	if c.answer.token == "" || c.answer.token == l.token {
		return
	}
	if l.token != "" {
		l.earlier = append(l.earlier, l.token)
	}
	l.token = c.answer.token
}

// forged answers a token that names another person than it was made for; empty if
// there is none.
func forged(token string, lives []*life) string {
	secret, name, _ := strings.Cut(token, ".")
	for _, other := range slices.Backward(lives) {
		if _, another, ok := strings.Cut(other.token, "."); ok && secret != "" && another != name {
			return secret + "." + another
		}
	}
	return ""
}
