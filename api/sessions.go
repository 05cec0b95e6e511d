package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/helix-collective/helix/sessions"
)

// The members of requests.
const (
	fieldToken  = "token"
	fieldUser   = "user_id"
	fieldIP     = "ip"
	fieldAgent  = "user_agent"
	fieldData   = "data"
	fieldExcept = "except"
)

// session is a session as the service answers it. Times are seconds since 1970,
// null where the session does not say.
type session struct {
	ID              string          `json:"id"`
	UserID          *string         `json:"user_id"` // null: anonymous
	IP              string          `json:"ip"`
	CreatedAt       moment          `json:"created_at"`
	LastAccessed    moment          `json:"last_accessed"`
	AuthenticatedAt moment          `json:"authenticated_at"`
	UserAgent       string          `json:"user_agent,omitempty"`
	Data            json.RawMessage `json:"data,omitempty"`
	Retired         bool            `json:"retired,omitempty"`
	Stale           bool            `json:"stale,omitempty"`
	Foreign         bool            `json:"foreign,omitempty"`
}

// moment is a time in JSON.
type moment time.Time

// MarshalJSON writes the seconds to the microsecond.
func (m moment) MarshalJSON() ([]byte, error) {
	t := time.Time(m)
	if t.IsZero() {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(t.UnixMicro())/1e6, 'f', -1, 64), nil
}

// shown answers a session without its key in Redis, which is nobody's business.
func shown(s sessions.Session) session {
	out := session{
		ID: publicID(s), IP: s.IP, UserAgent: s.UserAgent, Data: s.Data,
		CreatedAt: moment(s.CreatedAt), LastAccessed: moment(s.LastAccessed), AuthenticatedAt: moment(s.AuthenticatedAt),
		Retired: s.Retired, Stale: s.Stale, Foreign: s.Foreign,
	}
	if s.UserID != "" {
		out.UserID = &s.UserID
	}
	return out
}

// expiry answers in how many whole seconds a session ends if it is not used;
// nil where it never does.
func expiry(s sessions.Session) *int64 {
	if s.ExpiresIn == sessions.NoExpiry {
		return nil
	}
	seconds := int64(s.ExpiresIn / time.Second)
	return &seconds
}

// The answers that have a session.
type (
	created struct {
		Token     string  `json:"token"`
		Session   session `json:"session"`
		ExpiresIn *int64  `json:"expires_in"`
	}
	validated struct {
		Session   session `json:"session"`
		ExpiresIn *int64  `json:"expires_in"`
	}
	regenerated struct {
		Token   string  `json:"token"`
		Session session `json:"session"`
	}
)

func (s *Server) create(w http.ResponseWriter, r *http.Request) error {
	request, err := s.readCreation(w, r)
	if err != nil {
		return err
	}
	token, made, err := s.store.Create(r.Context(), request)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, created{string(token), shown(made), expiry(made)})
}

func (s *Server) readCreation(w http.ResponseWriter, r *http.Request) (sessions.Request, error) {
	b, err := s.read(w, r, fieldUser, fieldIP, fieldAgent, fieldData)
	if err != nil {
		return sessions.Request{}, err
	}
	if err := b.required(fieldUser); err != nil {
		return sessions.Request{}, err
	}
	var request sessions.Request
	if request.UserID, err = b.user(fieldUser); err != nil {
		return sessions.Request{}, err
	}
	if request.IP, err = b.address(fieldIP); err != nil {
		return sessions.Request{}, err
	}
	if request.UserAgent, err = b.optional(fieldAgent); err != nil {
		return sessions.Request{}, err
	}
	if b.has(fieldData) {
		request.Data = b[fieldData]
	}
	return request, nil
}

func (s *Server) validate(w http.ResponseWriter, r *http.Request) error {
	b, err := s.read(w, r, fieldToken, fieldIP)
	if err != nil {
		return err
	}
	token, ip, err := b.credential()
	if err != nil {
		return err
	}
	found, err := s.store.Validate(r.Context(), token, ip)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, validated{shown(found), expiry(found)})
}

// credential answers a token and who shows it.
func (b body) credential() (token sessions.Token, ip string, err error) {
	text, err := b.text(fieldToken)
	if err != nil {
		return "", "", err
	}
	ip, err = b.address(fieldIP)
	return sessions.Token(text), ip, err
}

func (s *Server) regenerate(w http.ResponseWriter, r *http.Request) error {
	b, err := s.read(w, r, fieldToken, fieldUser, fieldIP)
	if err != nil {
		return err
	}
	token, ip, err := b.credential()
	if err != nil {
		return err
	}
	userID, err := b.user(fieldUser)
	if err != nil {
		return err
	}
	token, next, err := s.store.Regenerate(r.Context(), token, sessions.Request{UserID: userID, IP: ip})
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, regenerated{string(token), shown(next)})
}

func (s *Server) destroy(w http.ResponseWriter, r *http.Request) error {
	b, err := s.read(w, r, fieldToken)
	if err != nil {
		return err
	}
	token, err := b.text(fieldToken)
	if err != nil {
		return err
	}
	if err := s.store.Destroy(r.Context(), sessions.Token(token)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
