package api

import (
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"

	"github.com/helix-collective/helix/sessions"
)

// problem is an error as RFC 9457 has it. It repeats nothing of a request.
type problem struct {
	Type       string `json:"type"` // without its prefix
	Title      string `json:"title"`
	Status     int    `json:"status"`
	Detail     string `json:"detail"`
	Field      string `json:"field,omitempty"`       // of the request's JSON
	Limit      string `json:"limit,omitempty"`       // the setting that was run into
	Max        int    `json:"max,omitempty"`         // its value
	RetryAfter int    `json:"retry_after,omitempty"` // seconds

	challenge string // of a 401: how one shows who one is
}

func (p *problem) Error() string { return p.Detail }

const (
	// typePrefix makes a type one of ours.
	typePrefix = "urn:helix:problem:"

	// unavailable is the type of faults.
	unavailable = "unavailable"
)

// problemOf words an error for the back end that asked. A fault says nothing of
// what is behind it.
func problemOf(err error) *problem {
	var p *problem
	var limit *sessions.LimitError
	var input *sessions.InputError
	var size *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		return p
	case errors.Is(err, sessions.ErrNoSession):
		return &problem{Type: "no-session", Status: http.StatusUnauthorized, Detail: "There is no such session.", challenge: `Session realm="helix"`}
	case errors.As(err, &limit):
		return &problem{Type: "limit", Status: http.StatusTooManyRequests, Detail: limit.Error() + ".",
			Limit: string(limit.Limit), Max: limit.Max, RetryAfter: int(math.Ceil(limit.RetryAfter.Seconds()))}
	case errors.As(err, &input):
		return invalid(input.Field, input.Reason)
	case errors.As(err, &size):
		return &problem{Type: "too-large", Status: http.StatusRequestEntityTooLarge, Detail: "The body is larger than api.max_body."}
	}
	return &problem{Type: unavailable, Status: http.StatusServiceUnavailable, RetryAfter: 1,
		Detail: "Redis could not be asked, so nothing is known about the session. Helix' log has the details."}
}

// invalid says what is wrong with a member of a request; field is empty where it
// is the request as a whole.
func invalid(field, reason string) *problem {
	detail := reason + "."
	if field != "" {
		detail = field + ": " + detail
	}
	return &problem{Type: "invalid", Status: http.StatusBadRequest, Field: field, Detail: detail}
}

// write answers a request with a problem.
func write(w http.ResponseWriter, p *problem) {
	full := *p
	full.Type, full.Title = typePrefix+p.Type, http.StatusText(p.Status)
	if p.challenge != "" {
		w.Header().Set("WWW-Authenticate", p.challenge)
	}
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	respond(w, p.Status, "application/problem+json", &full)
}

// writeJSON answers a request with what it asked for.
func writeJSON(w http.ResponseWriter, status int, v any) error {
	respond(w, status, jsonType, v)
	return nil
}

const jsonType = "application/json"

func respond(w http.ResponseWriter, status int, mediaType string, v any) {
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // the client has gone: nobody is left to be told
}
