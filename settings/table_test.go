package settings

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryRowIsSound(t *testing.T) {
	seen := make(map[string]bool)
	for _, s := range Table() {
		if seen[s.Key] || s.Key != strings.ToLower(s.Key) {
			t.Errorf("%s: its key is not unique and in lower case", s.Key)
		}
		seen[s.Key] = true
		for _, profile := range []string{Production, Development} {
			v, err := s.parseDefault(s.For(profile))
			if err != nil {
				t.Errorf("%s: its value in %s: %v", s.Key, profile, err)
			} else if !s.Secret && v.String() != s.For(profile) {
				t.Errorf("%s: %q in %s is not canonical, which is %q", s.Key, s.For(profile), profile, v)
			}
		}
		if number := s.Kind == Duration || s.Kind == Integer || s.Kind == Percent || s.Kind == Bytes; number != (s.Max > s.Min) {
			t.Errorf("%s: numbers, and they alone, need a range", s.Key)
		}
		if !strings.HasSuffix(s.Help, ".") {
			t.Errorf("%s: its help is not a sentence", s.Key)
		}
		if s.Secret && (s.Live || s.Kind != Text || s.Default != "") {
			t.Errorf("%s: a secret has to be a text that is read at start and has no default", s.Key)
		}
		if s.Profiled() && !s.Live {
			t.Errorf("%s takes part in profiles, so it has to be live", s.Key)
		}
	}
}

func TestSettingsOfSessionsAndAlertsAreLive(t *testing.T) {
	for _, s := range Table() {
		live := strings.HasPrefix(s.Key, "redis.session_") || strings.HasPrefix(s.Key, "redis.max_") || strings.HasPrefix(s.Key, "alerts.")
		atStart := !live && strings.HasPrefix(s.Key, "redis.") || strings.HasPrefix(s.Key, "discord.")
		if live && !s.Live || atStart && s.Live {
			t.Errorf("%s: live is %v", s.Key, s.Live)
		}
	}
}

// The guide, "Recommended configuration" and "Security best practices".
func TestDefaultsAreTheGuides(t *testing.T) {
	production := map[string]string{
		"redis.session_ttl": "86400", "redis.session_idle_timeout": "300", "redis.session_cleanup": "true",
		"redis.session_cleanup_interval": "3600", "redis.max_sessions_per_user": "5", "redis.session_bind_ip": "true",
		"redis.session_regenerate_on_auth": "true", "redis.session_cookie_secure": "true",
		"redis.session_cookie_httponly": "true", "redis.session_cookie_samesite": "strict",
		"redis.max_sessions_per_ip_per_hour": "20", "redis.session_creation_alert_threshold": "100",
		"redis.pool_size": "50", "redis.keepalive_idle": "30", "redis.keepalive_interval": "10", "redis.keepalive_probes": "3",
	}
	for key, want := range production {
		if got := index()[key].For(Production); got != want {
			t.Errorf("%s is %s in production, want %s", key, got, want)
		}
	}
	development := map[string]string{
		"redis.session_ttl": "3600", "redis.session_idle_timeout": "300", "redis.session_cleanup_interval": "600",
		"redis.max_sessions_per_user": "5",
	}
	for key, want := range development {
		if got := index()[key].For(Development); got != want {
			t.Errorf("%s is %s in development, want %s", key, got, want)
		}
	}
}

func TestKeysHaveTheirKind(t *testing.T) {
	s := Defaults().Snapshot()
	for _, k := range []DurationKey{SessionTTL, SessionIdleTimeout, SessionCleanupInterval, RedisKeepaliveIdle, RedisKeepaliveInterval, RedisTimeout, AlertsInterval, AlertsHold, AlertsRepeat, ShellTimeout} {
		s.Duration(k)
	}
	for _, k := range []IntKey{MaxSessionsPerUser, MaxSessionsPerIPPerHour, SessionCreationThreshold, RedisPoolSize, RedisKeepaliveProbes, RedisMaxShare, AlertsSessionCount, AlertsMemoryWarnPercent, AlertsMemoryPercent, AlertsNoTTL, ShellMaxSteps, ShellMaxDepth, ShellMaxWords, CommandsMaxPerPerson, CommandsMaxRunning} {
		s.Int(k)
	}
	for _, k := range []BytesKey{ShellMaxVariable, ShellMaxHeld, ShellMaxOutput} {
		s.Bytes(k)
	}
	for _, k := range []BoolKey{SessionCleanup, SessionBindIP, SessionRegenerateOnAuth, SessionCookieSecure, SessionCookieHTTPOnly, SessionCompat} {
		s.Bool(k)
	}
	for _, k := range []TextKey{MaxSessionsAction, SessionCookieSameSite, DiscordOpsChannel, DiscordPrefix, DiscordAPIURL, DiscordGatewayURL, Profile, StateDir, LogLevel} {
		s.Text(k)
	}
	s.List(DiscordGuilds)
	for _, k := range []SecretKey{RedisURL, DiscordToken} {
		s.Secret(k)
	}
}

func TestNoSettingStandsInTwoRules(t *testing.T) {
	var seen []string
	for _, r := range rules() {
		for _, key := range r.keys {
			if slices.Contains(seen, key) || index()[key].Key == "" {
				t.Errorf("%s stands in two rules, or is no setting", key)
			}
			seen = append(seen, key)
		}
	}
}

func TestDefaultsBreakNoRuleInAnyProfile(t *testing.T) {
	for _, profile := range []string{Production, Development} {
		if _, err := assemble(&fileLayer{}, environment{}, map[string]string{"profile": profile}); err != nil {
			t.Errorf("%s: %v", profile, err)
		}
	}
}
