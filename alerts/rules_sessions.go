package alerts

import (
	"fmt"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
)

func sessionRules() []Rule {
	return []Rule{
		{Name: "creation_rate", Summary: "Sessions are created too fast", Severity: Critical, Cause: CauseSessions, Setting: string(settings.SessionCreationThreshold), judge: judgeCreation},
		{Name: "session_count", Summary: "Too many sessions", Severity: Warning, Cause: CauseSessions, Setting: string(settings.AlertsSessionCount),
			judge: level{sample.Sessions, number(settings.AlertsSessionCount), aTwentieth, thereAre("session", "sessions")}.judge},
		{Name: "no_ttl", Summary: "Sessions that never end", Severity: Warning, Cause: CauseSessions, Setting: string(settings.AlertsNoTTL),
			judge: level{sample.WithoutTTL, number(settings.AlertsNoTTL), 0, thereAre("session without a TTL", "sessions without a TTL")}.judge},
		{Name: "people_over_limit", Summary: "People with too many sessions", Severity: Warning, Cause: CauseSessions, Setting: string(settings.AlertsPeopleOverLimit),
			judge: level{sample.PeopleOverLimit, number(settings.AlertsPeopleOverLimit), 0, overLimit("person has", "people have", "sessions than redis.max_sessions_per_user")}.judge},
		{Name: "addresses_over_limit", Summary: "Addresses that make too many sessions", Severity: Warning, Cause: CauseSessions, Setting: string(settings.AlertsAddressesOverLimit),
			judge: level{sample.AddressesOverLimit, number(settings.AlertsAddressesOverLimit), 0, overLimit("address has", "addresses have", "new sessions than redis.max_sessions_per_ip_per_hour")}.judge},
	}
}

func thereAre(one, many string) func(v, t float64) string {
	return func(v, t float64) string {
		return fmt.Sprintf("%s now; the threshold is %s.", counted(v, one, many), count(t))
	}
}

func overLimit(one, many, than string) func(v, t float64) string {
	return func(v, t float64) string {
		return fmt.Sprintf("%s more %s; the threshold is %s.", counted(v, one, many), than, count(t))
	}
}

// creationSources say how far the rate of new sessions is to be trusted.
var creationSources = map[string]string{
	sample.FromCounters: ", by Helix's own count",
	sample.FromEvents:   ", by Redis's notifications",
	sample.FromDeltas:   " at least, estimated from how counts changed",
}

func judgeCreation(s *settings.Snapshot, w Window) Verdict {
	source := creationSources[w.Last().Texts[sample.CreatedSource]]
	return level{sample.CreatedPerMin, number(settings.SessionCreationThreshold), aTenth, func(v, t float64) string {
		return fmt.Sprintf("%s a minute%s; the threshold is %s.", counted(v, "new session", "new sessions"), source, count(t))
	}}.judge(s, w)
}
