package chaos

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// standing is what is known of a token from the answers so far.
type standing struct {
	user    string    // that it is good for; empty: a visitor
	made    time.Time // when it was asked for
	dead    string    // why it is never good again; empty: it may be
	unsure  bool      // a request that was to end or replace it was not answered
	rotated time.Time // when its successor was known; zero: it has none
	back    bool      // another server has brought it back, which is counted
}

// grace is how long a token that was rotated still reads, with room for a busy
// machine.
const grace = 10*time.Second + 5*time.Second

// sessionJudge follows what one back end was answered.
type sessionJudge struct {
	*judge
	calls  []*request
	tokens map[string]*standing
	lives  map[string][]string // tokens by who comes
	tried  map[string]int      // creations by address
}

// judgeSessions holds that a session which was ended stays so, that a token is good
// for its person alone, that no session is lost but with its server, and that the
// service says so where it cannot know.
func (j *judge) judgeSessions() {
	for _, calls := range j.calls {
		s := &sessionJudge{judge: j, calls: calls, tokens: make(map[string]*standing), lives: make(map[string][]string), tried: make(map[string]int)}
		for _, c := range calls {
			s.judgeCall(c)
		}
		j.count("requests to the session service", len(calls))
	}
}

// wrong tells of a call that was not answered right, with all others for the same
// person.
func (s *sessionJudge) wrong(c *request, format string, args ...any) {
	var b strings.Builder
	fmt.Fprintf(&b, "session %s: %s: %s\n", c.life.user, c, fmt.Sprintf(format, args...))
	for _, other := range s.calls {
		if other.life.user == c.life.user {
			fmt.Fprintln(&b, "  ", other)
		}
	}
	s.broken("%s", b.String())
}

func (s *sessionJudge) judgeCall(c *request) {
	switch c.what {
	case creates, letsIn:
		s.tried[c.life.address]++
	case signsIn:
		if was := s.tokens[c.token]; was != nil && was.user == "" {
			s.tried[c.life.address]++
		}
	}
	switch told := s.tells(c); {
	case !told && (c.what == destroys || c.what == rotates || c.what == signsIn):
		s.doubt(c)
	case !told:
	case c.answer.status == http.StatusUnauthorized:
		s.judgeAbsence(c)
	default:
		s.judgePresence(c)
	}
}

// doubt takes in that nobody knows whether a session was ended or replaced.
func (s *sessionJudge) doubt(c *request) {
	for _, token := range s.lives[c.life.user] {
		s.tokens[token].unsure = true
	}
}

// judgeAbsence holds that "no such session" is said of none that there must be.
func (s *sessionJudge) judgeAbsence(c *request) {
	is := s.tokens[c.token]
	if is == nil || is.dead != "" || is.unsure || !is.rotated.IsZero() {
		return
	}
	switch {
	case s.flushed && is.made.Before(s.flushedAt):
	case s.succeeded:
		s.count("sessions lost with their server", 1)
	default:
		s.wrong(c, "nobody has ended it")
	}
	is.unsure = true
}

// judgePresence holds that a session is there of which an answer says so.
func (s *sessionJudge) judgePresence(c *request) {
	if c.what == forges {
		s.wrong(c, "the token of a person is good for another")
		return
	}
	if is := s.tokens[c.token]; is != nil && c.what != destroys {
		s.judgeUse(c, is)
	}
	switch c.what {
	case destroys:
		s.end(c, "its end was confirmed")
	case signsIn:
		s.end(c, "its successor signed in")
	case rotates:
		s.replace(c)
	}
	if c.what != validates && c.what != destroys {
		s.begin(c)
	}
}

// judgeUse holds that a token that was taken is still good, and for whom.
func (s *sessionJudge) judgeUse(c *request, is *standing) {
	a := c.answer
	late := !is.rotated.IsZero() && (c.what != validates || !a.retired || c.began.After(is.rotated.Add(grace)))
	switch {
	case a.owner != c.life.user:
		s.wrong(c, "the session is for %s, and its data for %q", c.life.user, a.owner)
	case c.what == validates && a.user != is.user:
		s.wrong(c, "it was made for %q", is.user)
	case (is.dead != "" || late) && s.succeeded:
		s.count("tokens that were ended or replaced, and are back with another server", one(!is.back))
		is.back = true
	case is.dead != "":
		s.wrong(c, "the token is good again, and %s", is.dead)
	case late:
		s.wrong(c, "it was replaced at %s", is.rotated.Format("05.000"))
	case a.retired && is.rotated.IsZero() && !is.unsure:
		s.wrong(c, "nobody has replaced it")
	}
}

// end takes in that all tokens of a session are worth nothing any more.
func (s *sessionJudge) end(c *request, why string) {
	for _, token := range s.lives[c.life.user] {
		s.tokens[token].dead = why
	}
}

// replace takes in that a token has a successor. That of a visitor is worth nothing
// from then on, that of a person reads for a while.
func (s *sessionJudge) replace(c *request) {
	switch is := s.tokens[c.token]; {
	case is == nil:
	case is.user == "":
		s.end(c, "its successor was made")
	default:
		is.rotated = c.ended
	}
}

// begin takes in a new token, and holds that it is one.
func (s *sessionJudge) begin(c *request) {
	user := c.life.user
	if is := s.tokens[c.token]; c.what == letsIn || c.what == rotates && is != nil && is.user == "" {
		user = ""
	}
	switch {
	case c.answer.token == "" || s.tokens[c.answer.token] != nil:
		s.wrong(c, "there is no new token")
		return
	case c.answer.user != user:
		s.wrong(c, "it is for another person")
	}
	s.tokens[c.answer.token] = &standing{user: user, made: c.began}
	s.lives[c.life.user] = append(s.lives[c.life.user], c.answer.token)
}
