package journal

import "time"

// Header says which change a journal is of. It is kept as JSON: what a newer
// version adds, an older one passes over.
type Header struct {
	ID      string    `json:"id"` // names the file
	Request string    `json:"request,omitempty"`
	By      string    `json:"by,omitempty"` // id of who asked
	Name    string    `json:"name,omitempty"`
	Guild   string    `json:"guild,omitempty"`
	Where   string    `json:"where,omitempty"`  // the channel
	Line    string    `json:"line,omitempty"`   // what was typed, without secrets
	Plan    string    `json:"plan,omitempty"`   // id of the plan that was confirmed
	Redis   string    `json:"redis,omitempty"`  // which server, without its password
	Undoes  string    `json:"undoes,omitempty"` // id of the change that this one takes back
	At      time.Time `json:"at"`
	Planned int64     `json:"planned,omitempty"` // commands that it was to have; 0: nobody knew
}

// Kind is what an image is of.
type Kind byte

// Kinds of what can be changed.
const (
	Key       Kind = iota
	Parameter      // of the server, as CONFIG SET takes it
	Setting        // of Helix
)

// Image is what a key, a parameter or a setting held.
type Image struct {
	Kind     Kind
	DB       int // of a key
	Name     []byte
	Exists   bool
	Content  []byte // what DUMP answers for a key; the value's text otherwise
	Deadline int64  // Unix ms by the server's clock at which a key expires; 0: never
}

// Voided is the Deadline of the states of a batch of which nothing was done: what
// was kept of it is not what it held before a change.
const Voided = -1

// State is what a change left.
type State struct {
	Exists   bool
	Altered  bool     // the value may be another; else only existence or deadline is, and Sum is zero
	Sum      [16]byte // a digest of a key's content
	Content  []byte   // of parameters and settings only
	Deadline int64    // as in Image, or Voided
}

// Batch is a part of a change: what was held before it and, where that is known,
// after. The texts are its reader's.
type Batch struct {
	Number int // from 0
	Images []Image
	States []State  // in the order of Images; nil: nobody knows whether the change was made
	Marks  []string // written after it and before the next
}

// Open reports whether nobody knows if the batch's change was made.
func (b Batch) Open() bool { return b.States == nil }
