// Package alerts turns measurements into incidents, once each. Rules judge what
// was measured; decide says what becomes of an incident; the state is saved in
// Redis before anything is sent, so that neither a crash nor a failing chat
// loses an incident or shows it twice. The package never measures, never talks
// to Discord and never changes anything but its own keys in Redis.
package alerts

import (
	"time"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
)

// Severity says how much an incident matters.
type Severity string

// The severities. A critical incident rings for whoever is on call.
const (
	Warning  Severity = "warning"
	Critical Severity = "critical"
)

// Cause is what a rule's incidents usually come from. Those of one cause that
// are open at the same time are a group, of which only the first rings.
type Cause string

// The causes. They are labels for silences as well: silencing memory silences
// every rule of that cause, the rule of that name included.
const (
	CauseServer      Cause = "server"
	CauseMemory      Cause = "memory"
	CauseSessions    Cause = "sessions"
	CauseConnections Cause = "connections"
	CauseReplication Cause = "replication"
	CauseDisk        Cause = "disk"
	CauseCustom      Cause = "custom"
)

// Rule is one thing that is watched. A Rule never changes.
type Rule struct {
	Name     string
	Summary  string // what is wrong when it fires, a few words
	Severity Severity
	Cause    Cause

	// Inhibits names the rules that say nothing new while this one fires; the
	// word "*" stands for all others.
	Inhibits []string

	// Instant rules judge a stretch of time already, so they fire without
	// waiting for alerts.hold.
	Instant bool

	// Hold is how long the threshold has to stay crossed; 0: alerts.hold.
	Hold time.Duration

	// Setting is the key of the threshold; empty for rules that have none.
	Setting string

	// Expression is what a rule of the configuration says; empty for the others.
	Expression string

	judge func(*settings.Snapshot, Window) Verdict
}

// Status is how a rule stands.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Between Status = "between" // below the threshold, but not by the margin that ends an incident
	Firing  Status = "firing"
	Unknown Status = "unknown" // what it needs was not measured
)

// Verdict is what a rule says of what was measured.
type Verdict struct {
	Status    Status  `json:"status"`
	Value     float64 `json:"value"`
	Threshold float64 `json:"threshold"`
	Words     string  `json:"words"` // one sentence: now against the threshold
}

// Enabled says whether the rule is switched on. A rule of the configuration is
// switched off by taking it out.
func (r Rule) Enabled(s *settings.Snapshot) bool {
	return r.Expression != "" || s.Bool(settings.AlertEnabled(r.Name))
}

// Evaluate judges what was measured under the values in force. It reads
// nothing else and changes nothing.
func (r Rule) Evaluate(s *settings.Snapshot, w Window) Verdict {
	if len(w) == 0 {
		return unmeasured()
	}
	return r.judge(s, w)
}

// hold is how long the threshold has to stay crossed under the values in force.
func (r Rule) hold(s *settings.Snapshot) time.Duration {
	if r.Hold > 0 {
		return r.Hold
	}
	return s.Duration(settings.AlertsHold)
}

// labels are what a silence may name to cover the rule.
func (r Rule) labels() []string {
	return []string{r.Name, string(r.Cause), string(r.Severity), AllRules}
}

// AllRules is the label that every rule has.
const AllRules = "all"

// inhibits says whether r keeps other quiet while it fires.
func (r Rule) inhibits(other Rule) bool {
	for _, name := range r.Inhibits {
		if r.Name != other.Name && (name == "*" || name == other.Name) {
			return true
		}
	}
	return false
}

func unmeasured() Verdict { return unknown("It could not be measured.") }

func unknown(words string) Verdict { return Verdict{Status: Unknown, Words: words} }

// level judges a value that may not rise above a threshold.
type level struct {
	value     sample.Name
	threshold func(*settings.Snapshot) float64
	margin    float64 // the part of the threshold that the value has to fall below it
	words     func(value, threshold float64) string
}

func (l level) judge(s *settings.Snapshot, w Window) Verdict {
	value, ok := w.Last().Get(l.value)
	if !ok {
		return unmeasured()
	}
	return l.against(value, l.threshold(s))
}

func (l level) against(value, threshold float64) Verdict {
	v := Verdict{Status: OK, Value: value, Threshold: threshold, Words: l.words(value, threshold)}
	switch {
	case value > threshold:
		v.Status = Firing
	case value > threshold*(1-l.margin):
		v.Status = Between
	}
	return v
}

// state judges what is right or wrong, without a number between.
func state(wrong bool, words string) Verdict {
	if wrong {
		return Verdict{Status: Firing, Value: 1, Words: words}
	}
	return Verdict{Status: OK, Words: words}
}

// number and seconds answer a threshold from the values in force.
func number(k settings.IntKey) func(*settings.Snapshot) float64 {
	return func(s *settings.Snapshot) float64 { return float64(s.Int(k)) }
}

func seconds(k settings.DurationKey) func(*settings.Snapshot) float64 {
	return func(s *settings.Snapshot) float64 { return s.Duration(k).Seconds() }
}
