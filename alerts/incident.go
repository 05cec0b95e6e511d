package alerts

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"slices"
	"strings"
	"time"
)

// State is where an incident is in its life.
type State string

// The states. A pending one has no id yet and is not saved.
const (
	Pending      State = "pending"
	Active       State = "firing"
	Acknowledged State = "acknowledged"
	Silenced     State = "silenced"
	Resolved     State = "resolved"
)

// Incident is one episode of a rule's firing, and at most one message.
type Incident struct {
	ID       string   `json:"id"` // rule-xxxx; it never changes
	Rule     string   `json:"rule"`
	Summary  string   `json:"summary"`
	Severity Severity `json:"severity"`
	Cause    Cause    `json:"cause"`
	State    State    `json:"state"`

	Since    time.Time `json:"since"`             // the threshold was crossed
	Fired    time.Time `json:"fired,omitzero"`    // and stayed so for the hold time
	Resolved time.Time `json:"resolved,omitzero"` // zero while it is open

	// Drill is when a drill ends; zero in an incident that is real.
	Drill time.Time `json:"drill,omitzero"`

	Value     float64 `json:"value"`
	Threshold float64 `json:"threshold"`
	Peak      float64 `json:"peak"` // the worst value since it fired
	Words     string  `json:"words"`

	Owner         *Owner    `json:"owner,omitempty"`         // who acknowledged it
	Silence       string    `json:"silence,omitempty"`       // the id of the silence that covers it
	SilencedUntil time.Time `json:"silenced_until,omitzero"` // zero in a silence until it is resolved
	Withheld      bool      `json:"withheld,omitempty"`      // it fired under a silence, so it is not shown
	Group         string    `json:"group,omitempty"`         // the id of the incident that leads those of its cause
	Inhibitor     string    `json:"inhibitor,omitempty"`     // the rule that keeps it quiet
	Flaps         int       `json:"flaps,omitempty"`         // how often it came back within its quiet time
	Ring          Ring      `json:"ring,omitzero"`           // the last time somebody was to be called
	Timeline      []Event   `json:"timeline"`                // what happened, the oldest first; the middle may be left out
	Revision      int       `json:"revision"`                // of what a reader sees
	Delivery      Delivery  `json:"delivery,omitzero"`       // how far a reader has seen it
	Version       int64     `json:"version"`                 // of the record as saved
	Steady        steady    `json:"steady,omitzero"`         // how long it has been as it is
	Refresh       refresh   `json:"refresh,omitzero"`        // when its numbers were renewed
	Owed          bool      `json:"owed,omitempty"`          // a silence has kept somebody from being called
}

// Owner is who acknowledged an incident.
type Owner struct {
	Person
	At time.Time `json:"at"`
}

// Person is somebody who acts.
type Person struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Event is one line of an incident's history.
type Event struct {
	At   time.Time `json:"at"`
	Text string    `json:"text"`
}

// Occasion is why somebody is called.
type Occasion string

// The occasions.
const (
	Began    Occasion = "began"    // it fired, or does so still after a silence
	Repeated Occasion = "repeated" // nobody has acknowledged it
	Reminded Occasion = "reminded" // its owner has not ended it
)

// Ring is the last call of an incident.
type Ring struct {
	Number   int       `json:"number"` // how many there were
	At       time.Time `json:"at"`     // when, or when one was left out for the group's sake
	Occasion Occasion  `json:"occasion"`
}

// Delivery is what is known of the message that shows an incident.
type Delivery struct {
	Message  string `json:"message,omitempty"`
	Thread   string `json:"thread,omitempty"`
	Revision int    `json:"revision"` // the newest that the message shows
	Ring     int    `json:"ring"`     // the last call that went out

	Tried     int  `json:"tried,omitempty"`      // how often a message may have been made without our knowing
	TriedRing int  `json:"tried_ring,omitempty"` // the call that it carried
	Looked    bool `json:"looked,omitempty"`     // and was not found since
	Made      int  `json:"made,omitempty"`       // how many messages were deleted by others
}

// steady counts how long an incident has been as it is, in steps of the
// evaluation, so that a clock that jumps does not count.
type steady struct {
	Held   time.Duration `json:"held,omitempty"`   // over the threshold, before it fires
	Quiet  time.Duration `json:"quiet,omitempty"`  // below it
	Stable time.Duration `json:"stable,omitempty"` // over it without a break
	Below  bool          `json:"below,omitempty"`  // it was below by the margin since it was last over it
}

// refresh is when the numbers of an incident were shown anew.
type refresh struct {
	Value float64       `json:"value"`
	Age   time.Duration `json:"age,omitempty"`
	Count int           `json:"count,omitempty"`
}

// Open says whether it has fired and goes on.
func (in Incident) Open() bool {
	return in.State == Active || in.State == Acknowledged || in.State == Silenced
}

// Flapping says whether it comes and goes so often that its changes are not
// shown one by one.
func (in Incident) Flapping() bool { return in.Open() && in.Flaps >= manyFlaps }

// Rings says whether somebody is to be called who was not yet.
func (in Incident) Rings() bool {
	return (in.State == Active || in.State == Acknowledged) && in.Ring.Number > in.Delivery.Ring
}

// Took answers how long it lasted, or has lasted until now.
func (in Incident) Took(now time.Time) time.Duration {
	if !in.Resolved.IsZero() {
		now = in.Resolved
	}
	return max(0, now.Sub(in.Since))
}

// Nonce is the same for all tries to make the message of an incident, and fits
// into Discord's 25 characters.
func (in Incident) Nonce() string { return nonce("incident", in.ID, in.Delivery.Made) }

// RingNonce is the same for all tries of the last call.
func (in Incident) RingNonce() string { return nonce("ring", in.ID, in.Ring.Number) }

func nonce(kind, id string, number int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %s %d", kind, id, number))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:20])
}

// due says whether a reader has not seen all that there is to see.
func (in Incident) due() bool {
	return in.ID != "" && !in.Withheld && (in.Delivery.Revision < in.Revision || in.Delivery.Message != "" && in.Rings())
}

const maxEvents = 40

// note adds to the history; beyond the bound the first line stays and the ones
// after it go.
func (in *Incident) note(at time.Time, format string, args ...any) {
	in.Timeline = append(slices.Clone(in.Timeline), Event{at, clip(fmt.Sprintf(format, args...), maxWords)})
	if len(in.Timeline) > maxEvents {
		in.Timeline = slices.Delete(in.Timeline, 1, 2)
	}
}
