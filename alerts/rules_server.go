package alerts

import (
	"fmt"
	"time"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
)

func serverRules() []Rule {
	return []Rule{
		{Name: "server_down", Summary: "Redis does not answer", Severity: Critical, Cause: CauseServer, Inhibits: []string{"*"}, judge: judgeDown},
		{Name: "cluster_state", Summary: "The Cluster is not whole", Severity: Critical, Cause: CauseServer, judge: judgeCluster},
	}
}

func connectionRules() []Rule {
	return []Rule{
		{Name: "rejected_connections", Summary: "Redis rejects connections", Severity: Critical, Cause: CauseConnections, Setting: string(settings.AlertsRejectedConnections), Instant: true,
			judge: lately{sample.RejectedPerMin, settings.AlertsRejectedConnections, "connection was rejected", "connections were rejected"}.judge},
		{Name: "connections", Summary: "Connections are running out", Severity: Warning, Cause: CauseConnections, Setting: string(settings.AlertsConnectionsPercent),
			judge: level{sample.ClientsPercent, number(settings.AlertsConnectionsPercent), aTwentieth, func(v, t float64) string {
				return fmt.Sprintf("Connections are at %.1f%% of maxclients; the threshold is %.0f%%.", v, t)
			}}.judge},
	}
}

func diskRules() []Rule {
	return []Rule{
		{Name: "persistence", Summary: "Redis cannot write to disk", Severity: Critical, Cause: CauseDisk, judge: judgePersistence},
		{Name: "save_age", Summary: "The last snapshot is old", Severity: Warning, Cause: CauseDisk, Setting: string(settings.AlertsSaveAge), judge: judgeSaveAge},
	}
}

// judgeDown also looks at each master of several. Why one does not answer is
// left to whoever looks: an error may name what is nobody's business.
func judgeDown(_ *settings.Snapshot, w Window) Verdict {
	now := w.Last()
	up, ok := now.Get(sample.Up)
	if !ok {
		up = 1
	}
	masters, silent := 0, 0
	for _, n := range now.Nodes {
		if n.Role == "master" {
			masters++
			silent += one(n.Problem != "")
		}
	}
	switch {
	case up == 0 || now.Problem != "":
		return state(true, "Redis does not answer.")
	case silent > 0:
		return state(true, fmt.Sprintf("%d of %d masters do not answer.", silent, masters))
	case !ok:
		return unmeasured()
	}
	return state(false, "Redis answers.")
}

func judgeCluster(_ *settings.Snapshot, w Window) Verdict {
	whole, ok := w.Last().Get(sample.ClusterOK)
	if !ok {
		return unmeasured()
	}
	return state(whole == 0, map[bool]string{
		true: "The Cluster's state is ok.", false: "The Cluster's state is not ok: some keys cannot be reached.",
	}[whole != 0])
}

func judgePersistence(_ *settings.Snapshot, w Window) Verdict {
	save, saves := w.Last().Get(sample.SaveFailed)
	file, appends := w.Last().Get(sample.AppendFailed)
	switch {
	case !saves && !appends:
		return unmeasured()
	case file != 0:
		return state(true, "The last write to the append-only file failed.")
	case save != 0:
		return state(true, "The last snapshot (RDB) failed; Redis may refuse writes.")
	}
	return state(false, "The last writes to disk succeeded.")
}

// judgeSaveAge says nothing where all is saved.
func judgeSaveAge(s *settings.Snapshot, w Window) Verdict {
	age, ok := w.Last().Get(sample.SaveAge)
	unsaved, known := w.Last().Get(sample.ChangesUnsaved)
	switch {
	case !ok:
		return unmeasured()
	case known && unsaved == 0:
		return state(false, "Everything is saved.")
	}
	return level{words: func(v, t float64) string {
		return fmt.Sprintf("The last snapshot is %s old; the threshold is %s.", fromSeconds(v), fromSeconds(t))
	}}.against(age, s.Duration(settings.AlertsSaveAge).Seconds())
}

func fromSeconds(s float64) string { return span(time.Duration(min(s, 1e9) * float64(time.Second))) }

func one(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
