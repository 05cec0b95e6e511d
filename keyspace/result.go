package keyspace

import "time"

// Outcome is how an operation on one key ended.
type Outcome byte

// The outcomes.
const (
	Unknown   Outcome = iota // it was sent, and whether it was carried out is not known
	Changed                  // by this operation
	Unchanged                // the key is there, but the condition did not hold, or there was no TTL to take away
	Missing                  // there is no such key
	Answered                 // what was asked about the key
	TooLarge                 // the value is above the limit and was not read
	Refused                  // the server would not; nothing was changed
)

// String answers the outcome as a word.
func (o Outcome) String() string {
	return [...]string{"unknown", "changed", "unchanged", "missing", "answered", "too large", "refused"}[o]
}

// Result is what became of one key.
type Result struct {
	Key     []byte
	Outcome Outcome
	TTL     time.Duration // of TTL, Dump and Beginning: what remains; NoTTL: it ends never
	Size    int64         // bytes: of MemoryUsage, of a dumped value, or what makes a key TooLarge
	Value   []byte        // of Dump and Beginning

	state state
	from  redirect
}

// NoTTL is the remaining time of a key that ends never.
const NoTTL time.Duration = -1

// state is how far an operation on a key is.
type state byte

const (
	unsent  state = iota
	turned        // away by a server that would not take it now
	lost          // sent, and no reply came
	settled       // its outcome is known, or known to be unknowable
)

// redirect is where the server of a Cluster says that a key is.
type redirect struct {
	addr   string // "": where it was thought to be
	asking bool   // only for this once, as the key is on its way there
}

// ttl takes a reply to PTTL.
func (r *Result) ttl(reply answer) {
	switch reply.n {
	case -2:
		r.Outcome, r.Value = Missing, nil
	case -1:
		r.Outcome, r.TTL = Answered, NoTTL
	default:
		r.Outcome, r.TTL = Answered, time.Duration(reply.n)*time.Millisecond
	}
}

// settle notes the outcome. An operation that was sent before and whose reply
// was lost may have been carried out then: that it finds nothing to change now
// says nothing about who changed it.
func (r *Result) settle(changes bool) {
	if r.state == lost && changes && r.Outcome != Changed {
		r.Outcome = Unknown
	}
	r.state = settled
}

// giveUp notes the outcome of an operation that is not tried again. One that was
// never sent has none.
func (r *Result) giveUp() {
	switch r.state {
	case turned:
		r.Outcome, r.state = Refused, settled
	case lost:
		r.Outcome, r.state = Unknown, settled
	}
}
