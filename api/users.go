package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/helix-collective/helix/sessions"
)

const (
	// shownID is how much is shown of an id that is a credential.
	shownID = 8

	// shortened stands at the end of such an id.
	shortened = "…"

	// maxExcept bounds how many sessions may be left out at once.
	maxExcept = 100
)

// publicID answers what a session is called to others than its owner: ids of
// sessions of other software are credentials, so these are shortened.
func publicID(s sessions.Session) string {
	if !s.Foreign || len(s.ID) <= shownID {
		return s.ID
	}
	return s.ID[:shownID] + shortened
}

// listed is a session among all of a person.
type listed struct {
	session
	ExpiresIn *int64 `json:"expires_in"`
}

func (s *Server) list(w http.ResponseWriter, r *http.Request) error {
	userID, except, err := whose(r)
	if err != nil {
		return err
	}
	all, err := s.store.List(r.Context(), userID)
	if err != nil {
		return err
	}
	answer := struct {
		Sessions []listed `json:"sessions"`
	}{[]listed{}}
	for _, one := range all {
		if !slices.Contains(except, publicID(one)) {
			answer.Sessions = append(answer.Sessions, listed{shown(one), expiry(one)})
		}
	}
	return writeJSON(w, http.StatusOK, answer)
}

func (s *Server) end(w http.ResponseWriter, r *http.Request) error {
	userID, except, err := whose(r)
	if err != nil {
		return err
	}
	if except, err = s.wholeIDs(r.Context(), userID, except); err != nil {
		return err
	}
	ended, err := s.store.DestroyUser(r.Context(), userID, except...)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, struct {
		Ended int `json:"ended"`
	}{ended})
}

// wholeIDs answers ids in place of their shortened forms.
func (s *Server) wholeIDs(ctx context.Context, userID string, ids []string) ([]string, error) {
	isShort := func(id string) bool { return strings.HasSuffix(id, shortened) }
	if !slices.ContainsFunc(ids, isShort) {
		return ids, nil
	}
	all, err := s.store.List(ctx, userID)
	if err != nil {
		return nil, err
	}
	var whole []string
	for _, one := range all {
		if slices.Contains(ids, publicID(one)) {
			whole = append(whole, one.ID)
		}
	}
	return append(whole, slices.DeleteFunc(ids, isShort)...), nil
}

// whose answers the person in a request's path, and the sessions that are to be
// left out. An empty one is refused: a back end that has lost its session's id
// would otherwise end that as well.
func whose(r *http.Request) (userID string, except []string, err error) {
	userID = r.PathValue(fieldUser)
	if len(userID) > sessions.MaxUserID || !utf8.ValidString(userID) {
		return "", nil, invalid(fieldUser, fmt.Sprintf("expected at most %d bytes of UTF-8", sessions.MaxUserID))
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", nil, invalid("", "The query cannot be read")
	}
	for name, values := range query {
		if name != fieldExcept {
			return "", nil, invalid("", "The query may have the parameter except alone")
		}
		if len(values) > maxExcept || slices.Contains(values, "") {
			return "", nil, invalid(fieldExcept, fmt.Sprintf("expected the id of a session, at most %d times", maxExcept))
		}
	}
	return userID, query[fieldExcept], nil
}
