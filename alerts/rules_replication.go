package alerts

import (
	"fmt"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
)

func replicationRules() []Rule {
	return []Rule{
		{Name: "replication_link", Summary: "A replica is gone or has lost its master", Severity: Warning, Cause: CauseReplication, Setting: string(settings.AlertsReplicas), Inhibits: []string{"replication_lag"}, judge: judgeLink},
		{Name: "replication_lag", Summary: "A replica is behind", Severity: Warning, Cause: CauseReplication, Setting: string(settings.AlertsReplicationLag),
			judge: level{sample.ReplicaLag, seconds(settings.AlertsReplicationLag), aTenth, func(v, t float64) string {
				return fmt.Sprintf("A replica is %s behind its master; the threshold is %s.", fromSeconds(v), fromSeconds(t))
			}}.judge},
	}
}

// judgeLink compares with alerts.replicas, and with the most replicas of the
// window: a master does not tell of those that left it.
func judgeLink(s *settings.Snapshot, w Window) Verdict {
	now := w.Last()
	down, links := now.Get(sample.LinksDown)
	replicas, counts := now.Get(sample.Replicas)
	silent := 0
	for _, n := range now.Nodes {
		silent += one(n.Role == "replica" && n.Problem != "")
	}
	least, most := float64(s.Int(settings.AlertsReplicas)), mostOf(w, sample.Replicas)
	switch {
	case !links && !counts && silent == 0:
		return unmeasured()
	case down > 0:
		return state(true, fmt.Sprintf("%s lost the master.", counted(down, "replica has", "replicas have")))
	case silent > 0:
		return state(true, fmt.Sprintf("%s not answer.", counted(float64(silent), "replica does", "replicas do")))
	case counts && replicas < least:
		return state(true, fmt.Sprintf("%s connected; there should be %s.", counted(replicas, "replica is", "replicas are"), count(least)))
	case counts && replicas < most:
		return state(true, fmt.Sprintf("%s connected; lately there were %s.", counted(replicas, "replica is", "replicas are"), count(most)))
	}
	return state(false, fmt.Sprintf("%s connected.", counted(replicas, "replica is", "replicas are")))
}

func mostOf(w Window, name sample.Name) (most float64) {
	for _, s := range w {
		v, _ := s.Get(name)
		most = max(most, v)
	}
	return most
}
