package plans

import "fmt"

// Gone says that there is no such plan, or not any more: it was taken, dropped
// or has lapsed.
type Gone struct{ ID string }

func (e *Gone) Error() string { return fmt.Sprintf("there is no plan %q any more", e.ID) }

// Elsewhere says that a plan waits, but that only another instance can act on
// it. The plan is as it was.
type Elsewhere struct{ ID, Instance string }

func (e *Elsewhere) Error() string {
	return fmt.Sprintf("plan %s lies with the instance %q", e.ID, e.Instance)
}

// TamperedError says that what is kept of a plan is not what was put: changed by
// somebody else, or damaged.
type TamperedError struct {
	ID   string
	Part string // "metadata" or "steps"
}

func (e *TamperedError) Error() string {
	return fmt.Sprintf("the %s of plan %s are not what was recorded; it cannot be run", e.Part, e.ID)
}

// Unapproved says that somebody else has to agree first.
type Unapproved struct{ ID, Approval string }

func (e *Unapproved) Error() string { return fmt.Sprintf("plan %s waits: %s", e.ID, e.Approval) }

// Reason is why an agreement does not count.
type Reason string

// The reasons.
const (
	ByAuthor Reason = "nobody approves a plan of their own"
	Twice    Reason = "this person has approved it already"
	Needless Reason = "it needs nobody's approval"
	TooLate  Reason = "the time to approve it is over"
	TooMany  Reason = "it has as many approvals as it can hold"
)

// NotCounted says that somebody's agreement changes nothing.
type NotCounted struct {
	ID     string
	Reason Reason
}

func (e *NotCounted) Error() string { return fmt.Sprintf("approve plan %s: %s", e.ID, e.Reason) }

// TooLarge says that a plan exceeds what is kept of one.
type TooLarge struct {
	What  string
	Limit int64 // bytes
}

func (e *TooLarge) Error() string {
	return fmt.Sprintf("a plan keeps at most %d bytes of %s", e.Limit, e.What)
}
