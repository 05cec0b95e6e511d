package alerts

import (
	"fmt"
	"slices"
	"time"
)

// Silence keeps incidents from being shown anew and from calling anybody, for a
// time. What it covers is recorded all the same.
type Silence struct {
	ID     string `json:"id"`
	Target string `json:"target"` // a rule, a label (cause, severity, all), or an incident's id
	Reason string `json:"reason,omitempty"`
	By     Person `json:"by"`

	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"` // zero: until the incident that it names is resolved

	Ended    time.Time `json:"ended,omitzero"`
	EndedBy  *Person   `json:"ended_by,omitempty"` // nil: it ended of itself
	Withheld int       `json:"withheld,omitempty"` // incidents that came and went under it, unshown

	Told    Telling `json:"told,omitempty"`
	Version int64   `json:"version"`
}

// Telling is what the channel has been told of a silence.
type Telling string

// What may have been told.
const (
	ToldStart Telling = "start"
	ToldEnd   Telling = "end"
)

// Over says whether the silence has ended.
func (s Silence) Over() bool { return !s.Ended.IsZero() }

// Nonce is the same for all tries to announce the silence's start, and another
// for its end.
func (s Silence) Nonce() string { return nonce("silence", s.ID, one(s.Over())) }

// covers says whether the silence is about an incident.
func (s Silence) covers(in Incident) bool {
	if s.Over() {
		return false
	}
	r := Rule{Name: in.Rule, Cause: in.Cause, Severity: in.Severity}
	return s.Target == in.ID || slices.Contains(r.labels(), s.Target)
}

// due says whether the channel is to be told something. One that ended before
// its start was told is told of once, as ended.
func (s Silence) due() bool { return s.Told == "" || s.Over() && s.Told != ToldEnd }

// words says until when, by whom and why.
func (s Silence) words() string {
	until := "until it is resolved"
	if !s.Until.IsZero() {
		until = "until " + s.Until.UTC().Format("15:04 MST")
	}
	if s.Reason == "" {
		return fmt.Sprintf("%s by %s", until, s.By.Name)
	}
	return fmt.Sprintf("%s by %s: %s", until, s.By.Name, s.Reason)
}

// pass ends a silence whose time is over. After the clock was put back it lasts
// no longer than it would have.
func (s Silence) pass(now time.Time, open func(id string) bool) Silence {
	switch {
	case s.Over():
	case s.Until.IsZero():
		if !open(s.Target) {
			s.Ended = now
		}
	case now.Before(s.From):
		s.From, s.Until = now, now.Add(s.Until.Sub(s.From))
	case !now.Before(s.Until):
		s.Ended = now
	}
	return s
}
