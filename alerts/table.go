package alerts

import (
	"slices"

	"github.com/helix-collective/helix/settings"
)

// Rules answers Helix's own rules, the gravest causes first. The thresholds are
// the guide's, and those in use elsewhere where it names none.
func Rules() []Rule {
	return slices.Concat(serverRules(), memoryRules(), sessionRules(), connectionRules(), replicationRules(), diskRules())
}

// rulesOf answers all rules under the values in force: Helix's own that are
// switched on, and those of the configuration that can be read. The error says
// what is wrong with the rest.
func rulesOf(s *settings.Snapshot) ([]Rule, error) {
	all := slices.DeleteFunc(Rules(), func(r Rule) bool { return !r.Enabled(s) })
	own, err := customRules(s.List(settings.AlertsRules))
	return append(all, own...), err
}

func ruleNamed(rules []Rule, name string) (Rule, bool) {
	for _, r := range rules {
		if r.Name == name {
			return r, true
		}
	}
	return Rule{}, false
}

// aTenth and aTwentieth are margins: so much below its threshold a value has to
// fall before an incident ends.
const (
	aTenth     = 0.1
	aTwentieth = 0.05
)
