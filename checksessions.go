package main

import (
	"github.com/helix-collective/helix/check"
	"github.com/helix-collective/helix/settings"
)

// sessionFindings say what the settings in force let others do with sessions.
func sessionFindings(s *settings.Snapshot) []check.Finding {
	return []check.Finding{foreignSessions(s), sessionKey(s)}
}

// foreignSessions says what accepting sessions of other software costs.
func foreignSessions(s *settings.Snapshot) check.Finding {
	const name = "Foreign sessions"
	if !s.Bool(settings.SessionCompat) {
		return check.Finding{Name: name, Level: check.OK, Detail: "Refused: redis.session_compat is off."}
	}
	return check.Finding{Name: name, Level: check.Warning,
		Detail: "redis.session_compat is on: sessions under session:<uuid> are accepted, and whoever can list the keys of Redis can use them.",
		Mend:   "Once no back end writes such sessions any more: !config set redis.session_compat=false. It refuses those that there are."}
}

// sessionKey says who can make sessions besides Helix. Only the session service
// makes any, so that without it there is nothing to mend.
func sessionKey(s *settings.Snapshot) check.Finding {
	f := check.Finding{Name: "Session key", Level: check.OK, Detail: "sessions.key is set: writing to Redis is not enough to make a session."}
	if s.Secret(settings.SessionsKey) != "" {
		return f
	}
	f.Detail = "sessions.key is not set: whoever can write to Redis can make a session of any person, and its token."
	if s.Secret(settings.APIKeys) != "" {
		f.Level = check.Warning
		f.Mend = `Set HELIX_SESSIONS_KEY, as from "openssl rand -hex 32", in every instance and back end at once: it ends all sessions made without it.`
	}
	return f
}
