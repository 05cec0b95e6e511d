package commands

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/shell"
)

// cure is what the guide says about what a rule watches.
type cure struct {
	// diagnosis are lines that only read, without the prefix. Those of the guide
	// stand as they do there. One with figure in it is about the worst of named.
	diagnosis []string
	// fixes are what mends it, the mildest first.
	fixes  []fix
	advice string // a sentence on how to choose
	named  outliers
}

// fix is one line that mends something. Each of them shows its plan first.
type fix struct {
	label string // figure in it stands for the word as it is read
	line  string // without the prefix; one word of figure stands for what is computed
	// figure computes that word from the newest measurement, without quotes; ok is
	// false where it cannot, and then the fix is not proposed. It is nil for a line
	// as it stands.
	figure func(s sample.Sample) (word string, ok bool)
}

// computed stands in a fix's line for what is computed.
const computed = "{figure}"

var (
	countKeys    = "redis-cli DBSIZE"
	countAll     = "sessions count"
	busiest      = `redis-cli --scan --pattern "session:user:*" | cut -d: -f3 | sort | uniq -c | sort -rn | head -3`
	memoryLimit  = "redis-cli CONFIG GET maxmemory"
	memoryUsed   = "redis-cli INFO memory | grep used_memory_human"
	memoryPolicy = "redis-cli CONFIG GET maxmemory-policy"

	whoIsThere = "sessions who " + computed

	giveTTL   = fix{label: "Give a TTL where there is none", line: "sessions fix-ttl"}
	cleanUp   = fix{label: "Clean up now", line: "sessions cleanup"}
	keepClean = fix{label: "Switch cleanup on", line: "config set redis.session_cleanup=true"}
	raise     = fix{label: "Raise maxmemory", line: "redis-cli CONFIG SET maxmemory " + computed, figure: raisedLimit}
	limit     = fix{label: "Set maxmemory", line: "redis-cli CONFIG SET maxmemory " + computed, figure: firstLimit}
	endExtra  = fix{label: "End the extra sessions of " + computed, line: "sessions end --user " + computed + " --extra", figure: mostSessions.worst}
	seeWho    = fix{label: "See who is at " + computed, line: whoIsThere, figure: mostMade.worst}
	volatile  = fix{label: "Evict only what ends anyway", line: "redis-cli CONFIG SET maxmemory-policy volatile-lru"}
)

// cures are by the rule.
var cures = map[string]cure{
	"session_count":        {[]string{countKeys, countAll, busiest}, []fix{giveTTL, cleanUp, keepClean}, "A TTL ends nobody's session now; cleanup ends those past the limits of the settings.", none},
	"no_ttl":               {[]string{countAll, "sessions list --no-ttl | head -3"}, []fix{giveTTL, cleanUp}, "A TTL ends nobody's session now.", none},
	"creation_rate":        {[]string{countAll, busiest, "sessions top addresses 3"}, []fix{cleanUp}, "Look at whom the new sessions belong to first: one address points at a script, one person at a client that does not keep its cookie.", none},
	"people_over_limit":    {[]string{countAll, "config get redis.max_sessions_per_user"}, []fix{endExtra, cleanUp}, "Cleanup ends the oldest sessions of all who are over the limit; see to a client that makes so many.", mostSessions},
	"addresses_over_limit": {[]string{whoIsThere, "config get redis.max_sessions_per_ip_per_hour"}, []fix{seeWho}, "Helix refuses further sessions of these addresses by itself; block them where requests come in.", mostMade},
	"memory":               {[]string{memoryLimit, memoryUsed, memoryPolicy}, []fix{cleanUp, giveTTL, raise, volatile}, "Cleanup first; more memory if the machine has it.", none},
	"memory_warn":          {[]string{memoryLimit, memoryUsed, memoryPolicy}, []fix{cleanUp, giveTTL, raise, volatile}, "There is time yet: see what grows before you raise the limit.", none},
	"growth":               {[]string{memoryLimit, memoryUsed, countAll}, []fix{giveTTL, cleanUp, raise}, "See what grows before you raise the limit.", none},
	"oom_errors":           {[]string{memoryLimit, memoryUsed, memoryPolicy}, []fix{cleanUp, raise, volatile}, "Nobody can sign in while Redis refuses writes.", none},
	"evictions":            {[]string{memoryPolicy, memoryLimit, memoryUsed}, []fix{raise, cleanUp, volatile}, "Each evicted session is a person who was signed out without a trace.", none},
	"system_memory":        {[]string{memoryUsed, memoryLimit}, []fix{cleanUp, giveTTL}, "The machine itself runs out; a higher maxmemory would make it worse.", none},
	"memory_unlimited":     {[]string{memoryLimit, memoryUsed}, []fix{limit}, "The proposed limit is half as much again as is in use, and less than the machine has.", none},
	"eviction_policy":      {[]string{memoryPolicy, memoryUsed}, []fix{volatile}, "volatile-lru evicts what has a TTL, the least used first; noeviction refuses writes instead.", none},
	"fragmentation":        {[]string{"redis-cli INFO memory | grep fragmentation_ratio"}, nil, "activedefrag helps where the server was built for it; a restart does always.", none},
	"rejected_connections": {[]string{"redis-cli CONFIG GET maxclients", "redis-cli INFO clients | grep connected_clients"}, nil, "Look for a client that leaks connections; see the guide on pooling.", none},
	"connections":          {[]string{"redis-cli CONFIG GET maxclients", "redis-cli INFO clients | grep connected_clients"}, nil, "Look for a client that leaks connections; see the guide on pooling.", none},
	"persistence":          {[]string{"redis-cli INFO persistence | grep status"}, nil, "Look at the free space of the disk that Redis writes to, and at its log.", none},
	"save_age":             {[]string{"redis-cli INFO persistence | grep rdb_last", "redis-cli CONFIG GET save"}, nil, "Check `save` in the configuration of Redis; the guide's lines can be pasted here.", none},
	"replication_link":     {[]string{"redis-cli INFO replication | grep -E 'role|slave|link'"}, nil, "Look at the replica's log and at the network between the two.", none},
	"replication_lag":      {[]string{"redis-cli INFO replication | grep -E 'role|slave|offset'"}, nil, "Look at the network, and at whether the replica is busy.", none},
	"cluster_state":        {[]string{"redis-cli CLUSTER INFO | head -3"}, nil, "Slots without a master answer nothing: bring the missing master or its replica back.", none},
	"server_down":          {nil, nil, "Look at the server and the network. `check` on the machine of Helix tells what it sees.", none},
}

// cureOf answers what the guide says about a rule; one of the configuration has
// nothing but advice.
func cureOf(rule string) cure {
	if c, ok := cures[rule]; ok {
		return c
	}
	return cure{diagnosis: []string{countAll, memoryUsed}, advice: "It is a rule of your configuration (alerts.rules)."}
}

// NextSteps answers what can be done about an incident, by what was measured last.
func (d *Dispatcher) NextSteps(in alerts.Incident) (list []Offer) {
	if d.Alerts == nil || !in.Drill.IsZero() {
		return nil
	}
	newest := d.newest()
	for _, f := range cureOf(in.Rule).fixes {
		if o, ok := d.step(f, newest); ok {
			list = append(list, o)
		}
	}
	return list
}

// newest is what was measured last; empty where nothing is.
func (d *Dispatcher) newest() (s sample.Sample) {
	if d.Alerts != nil {
		s, _ = d.Alerts.Newest()
	}
	return s
}

// step is a fix with what is computed for it. One that names what is not to be seen
// is not proposed.
func (d *Dispatcher) step(f fix, newest sample.Sample) (o Offer, ok bool) {
	o = Offer{Label: f.label, Line: d.prefix() + f.line, Plans: true}
	if f.figure == nil {
		return o, true
	}
	word, ok := f.figure(newest)
	o.Label = strings.ReplaceAll(o.Label, computed, oneLine(word, maxNamedLabel))
	o.Line = strings.ReplaceAll(o.Line, computed, shell.Quote(word))
	return o, ok && d.mayBeSeen(o.Label+" "+o.Line) && oneLine(o.Line, maxComputedLine) == o.Line
}

const (
	maxNamedLabel   = 40  // characters of a name on a button
	maxComputedLine = 500 // characters of a line that is proposed with a name in it
)

// mayBeSeen reports whether nothing in a text would be masked in a channel.
func (d *Dispatcher) mayBeSeen(text string) bool {
	return string(d.Redactor.Text([]byte(text))) == text
}

// Shares of memory that limits are computed by.
const (
	raisedBy    = 1.25 // of the limit that there is
	firstAt     = 1.5  // of what is in use
	systemShare = 0.75 // of what the machine has, at most
	leastLimit  = 64 << 20
)

// raisedLimit is a quarter more than maxmemory, where the machine has that.
func raisedLimit(s sample.Sample) (word string, ok bool) {
	now, known := s.Get(sample.MaxMemory)
	if !known || now <= 0 {
		return "", false
	}
	return limitWithin(s, now*raisedBy, now)
}

// firstLimit is half as much again as is in use, where the machine has that.
func firstLimit(s sample.Sample) (word string, ok bool) {
	used, known := s.Get(sample.MemoryUsed)
	if !known {
		return "", false
	}
	return limitWithin(s, max(used*firstAt, leastLimit), used)
}

// limitWithin bounds a limit by what the machine has; ok is false if that leaves
// no more than there is.
func limitWithin(s sample.Sample, want, now float64) (word string, ok bool) {
	if system, known := s.Get(sample.MemorySystem); known && system > 0 {
		want = min(want, system*systemShare)
	}
	if int64(want)>>20 <= int64(now)>>20 {
		return "", false
	}
	return bytesAsMiB(want), true
}

// Bounds of a diagnosis: it is to be read at a glance, and soon.
const (
	diagnosisLines  = 3  // of an output
	diagnosisLine   = 48 // characters of what was run
	diagnosisWidth  = 96 // and of what it answered
	diagnosisWithin = 5 * time.Second
)

// Diagnose runs what the guide would have people look at for an incident, all of
// which only reads, and answers a line for each. What does not answer in time is
// left out. Nothing that it shows needs the right reveal.
func (d *Dispatcher) Diagnose(ctx context.Context, in alerts.Incident) (lines []string) {
	ctx, cancel := context.WithTimeout(ctx, diagnosisWithin)
	defer cancel()
	c := cureOf(in.Rule)
	newest := d.newest()
	if c.named.of != nil {
		lines = append(lines, c.named.title+" → "+clipTo(string(d.Redactor.Text([]byte(c.named.list(newest)))), diagnosisWidth))
	}
	for _, line := range c.diagnosis {
		line, ok := c.named.about(line, newest)
		if !ok || !d.mayBeSeen(line) {
			continue
		}
		reply := d.Handle(ctx, Request{
			Text: d.prefix() + line, Caller: permissions.Member{Name: "helix", Local: true}, Mentioned: true,
			Redact: true, Mode: Only, Timeout: diagnosisWithin,
		})
		if reply.Outcome != OK || reply.Plan != nil {
			continue
		}
		lines = append(lines, clipTo(line, diagnosisLine)+" → "+inOneLine(string(reply.Output)))
	}
	return lines
}

// inOneLine sets the first lines of an output side by side.
func inOneLine(output string) string {
	var parts []string
	for line := range strings.Lines(output) {
		if part := strings.Join(strings.Fields(line), " "); part != "" {
			parts = append(parts, part)
		}
		if len(parts) == diagnosisLines {
			break
		}
	}
	return clipTo(cmp.Or(strings.Join(parts, ", "), "nothing"), diagnosisWidth)
}

// clipTo cuts a text to at most so many characters.
func clipTo(text string, most int) string {
	if all := []rune(text); len(all) > most {
		return string(all[:most-1]) + "…"
	}
	return text
}
