package api

import (
	_ "embed"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/helix-collective/helix/sessions/httpsession"
	"github.com/helix-collective/helix/settings"
)

// policyPrefixes begin the settings that are the policy for sessions.
var policyPrefixes = []string{"redis.session_", "redis.max_sessions_", "sessions."}

// policy answers the settings in force for sessions, and what a back end that
// sets the session cookie itself has to give it.
func (s *Server) policy(w http.ResponseWriter, _ *http.Request) error {
	snapshot := s.settings.Snapshot()
	values := make(map[string]any)
	for _, prefix := range policyPrefixes {
		for _, item := range snapshot.Items(prefix) {
			if item.Live {
				values[item.Key] = typed(item)
			}
		}
	}
	cookie := httpsession.CookieOf(snapshot)
	return writeJSON(w, http.StatusOK, map[string]any{
		"revision": snapshot.Revision(),
		"policy":   values,
		"cookie": map[string]any{
			"name": cookie.FullName(), "path": "/",
			"secure": cookie.Secure, "http_only": cookie.HTTPOnly,
			"same_site": snapshot.Text(settings.SessionCookieSameSite),
		},
	})
}

// typed answers a value as JSON has it: durations are seconds.
func typed(item settings.Item) any {
	switch text := item.Value.String(); item.Kind {
	case settings.Boolean:
		return strings.EqualFold(text, "true")
	case settings.Text, settings.Enum, settings.List:
		return text
	default:
		return json.Number(text)
	}
}

//go:embed openapi.json
var description []byte

// describe answers what the service offers, as OpenAPI 3.1 says it.
func describe(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", jsonType)
	_, _ = w.Write(description) // the client has gone: nobody is left to be told
	return nil
}
