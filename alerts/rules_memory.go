package alerts

import (
	"fmt"
	"strings"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
)

func memoryRules() []Rule {
	return []Rule{
		{Name: "oom_errors", Summary: "Redis refuses writes: memory is full", Severity: Critical, Cause: CauseMemory, Setting: string(settings.AlertsOOMErrors), Instant: true,
			judge: lately{sample.OOMErrorsPerMin, settings.AlertsOOMErrors, "command was refused because memory was full", "commands were refused because memory was full"}.judge},
		{Name: "evictions", Summary: "Redis evicts keys: people are logged out silently", Severity: Critical, Cause: CauseMemory, Setting: string(settings.AlertsEvictions), Instant: true,
			judge: lately{sample.EvictedPerMin, settings.AlertsEvictions, "key was evicted", "keys were evicted"}.judge},
		{Name: "memory", Summary: "Memory is almost full", Severity: Critical, Cause: CauseMemory, Setting: string(settings.AlertsMemoryPercent), Inhibits: []string{"memory_warn", "growth"},
			judge: limited(level{sample.MemoryPercent, number(settings.AlertsMemoryPercent), aTwentieth, ofMaxMemory}.judge)},
		{Name: "memory_warn", Summary: "Memory is filling up", Severity: Warning, Cause: CauseMemory, Setting: string(settings.AlertsMemoryWarnPercent),
			judge: limited(level{sample.MemoryPercent, number(settings.AlertsMemoryWarnPercent), aTwentieth, ofMaxMemory}.judge)},
		{Name: "growth", Summary: "Memory will be full soon", Severity: Warning, Cause: CauseMemory, Setting: string(settings.AlertsGrowthWithin), judge: judgeGrowth},
		{Name: "system_memory", Summary: "The machine's memory is almost full", Severity: Critical, Cause: CauseMemory, Setting: string(settings.AlertsSystemMemoryPercent),
			judge: level{sample.SystemPercent, number(settings.AlertsSystemMemoryPercent), aTwentieth, ofTheMachine}.judge},
		{Name: "memory_unlimited", Summary: "maxmemory is not set", Severity: Warning, Cause: CauseMemory, judge: judgeUnlimited},
		{Name: "eviction_policy", Summary: "The eviction policy may end any session", Severity: Warning, Cause: CauseMemory, judge: judgePolicy},
		{Name: "fragmentation", Summary: "Memory is fragmented", Severity: Warning, Cause: CauseMemory, Setting: string(settings.AlertsFragmentationPercent), judge: judgeFragmentation},
	}
}

// limited judges a share of maxmemory: without a limit there is none that could be
// too large.
func limited(judge func(*settings.Snapshot, Window) Verdict) func(*settings.Snapshot, Window) Verdict {
	return func(s *settings.Snapshot, w Window) Verdict {
		if limit, known := w.Last().Get(sample.MaxMemory); known && limit == 0 {
			return state(false, "maxmemory is not set.")
		}
		return judge(s, w)
	}
}

func ofMaxMemory(v, t float64) string {
	return fmt.Sprintf("Memory use is at %.1f%% of maxmemory; the threshold is %.0f%%.", v, t)
}

func ofTheMachine(v, t float64) string {
	return fmt.Sprintf("Redis holds %.1f%% of the machine's memory; the threshold is %.0f%%.", v, t)
}

// lately judges how much there was of something in the last five minutes.
type lately struct {
	rate      sample.Name
	threshold settings.IntKey
	one, many string
}

func (l lately) judge(s *settings.Snapshot, w Window) Verdict {
	sum, ok := w.total(l.rate, recent)
	if !ok {
		return unmeasured()
	}
	return level{words: func(v, t float64) string {
		return fmt.Sprintf("%s in the last %s; the threshold is %s.", counted(v, l.one, l.many), span(recent), count(t))
	}}.against(sum, float64(s.Int(l.threshold)))
}

func judgeUnlimited(_ *settings.Snapshot, w Window) Verdict {
	limit, ok := w.Last().Get(sample.MaxMemory)
	if !ok {
		return unmeasured()
	}
	if limit > 0 {
		return state(false, fmt.Sprintf("maxmemory is %s.", bytes(limit)))
	}
	return state(true, "maxmemory is not set: Redis grows until the machine has no memory left, and is killed then.")
}

// judgePolicy looks for allkeys-*, with which a full Redis deletes sessions and
// Helix's own state. The guide advises it; beside sessions it logs people out.
func judgePolicy(_ *settings.Snapshot, w Window) Verdict {
	policy, ok := w.Last().Texts[sample.Policy]
	sessions, counted := w.Last().Get(sample.Sessions)
	switch {
	case !ok, !counted && strings.HasPrefix(policy, "allkeys-"):
		return unmeasured()
	case !strings.HasPrefix(policy, "allkeys-") || sessions == 0:
		return state(false, fmt.Sprintf("maxmemory-policy is %s.", policy))
	}
	return state(true, fmt.Sprintf("maxmemory-policy is %s: when memory is full, Redis ends any of the %s sessions in the same server, without a trace.",
		policy, count(sessions)))
}

func judgeFragmentation(s *settings.Snapshot, w Window) Verdict {
	ratio, ok := w.Last().Get(sample.Fragmentation)
	used, known := w.Last().Get(sample.MemoryUsed)
	if !ok || !known {
		return unmeasured()
	}
	if from := float64(s.Bytes(settings.AlertsFragmentationFrom)); used < from {
		return state(false, fmt.Sprintf("Fragmentation is not judged below %s of used memory.", bytes(from)))
	}
	return level{margin: aTwentieth, words: func(v, t float64) string {
		return fmt.Sprintf("Redis holds %.0f%% of the memory that it uses; the threshold is %.0f%%.", v, t)
	}}.against(ratio*100, float64(s.Int(settings.AlertsFragmentationPercent)))
}
