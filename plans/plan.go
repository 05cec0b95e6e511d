// Package plans keeps changes that wait for somebody's yes: what people see of
// a plan in Redis, for every instance, and the steps that it stands for on the
// disk of the instance that recorded them. A plan is taken once and exactly as
// it was put, or not at all. The package never runs a step and never decides
// who may.
package plans

import (
	"cmp"
	"crypto/rand"
	"encoding/base32"
	"regexp"
	"strings"
	"time"
)

// schema numbers the form of what is kept. One that is larger was made by a
// later release and is left alone.
const schema = 1

// MaxOutput bounds Plan.Output in bytes.
const MaxOutput = 64 << 10

// maxApprovers bounds how many agreements a plan holds.
const maxApprovers = 16

// Plan is a change that waits, without its steps.
type Plan struct {
	Schema int    `json:"schema"` // set by Put
	ID     string `json:"id"`

	Author  string `json:"author"` // whose plan it is, by id
	Name    string `json:"name,omitempty"`
	Guild   string `json:"guild,omitempty"`
	Channel string `json:"channel,omitempty"`
	Asked   string `json:"asked,omitempty"` // the message that asked for it

	Line   string   `json:"line,omitempty"`   // what was typed, redacted
	Text   string   `json:"text"`             // what it would do, redacted
	Word   string   `json:"word,omitempty"`   // has to be typed to confirm
	Rights []string `json:"rights,omitempty"` // that its steps need
	Keys   int64    `json:"keys,omitempty"`   // that its steps change
	// Commands is how many commands the steps are; 0: as many as there are steps.
	Commands int64  `json:"commands,omitempty"`
	Output   []byte `json:"output,omitempty"` // what the program would print, at most MaxOutput

	// Approval says in words who else has to agree. It is empty where nobody has to.
	Approval  string     `json:"approval,omitempty"`
	Approvers []Approver `json:"approvers,omitempty"`

	// The times are set by Put, and Until later by Approve. They follow the
	// clock of Redis where it can be asked.
	Made          time.Time `json:"made"`
	Until         time.Time `json:"until"`                   // it cannot be taken after that
	ApprovalUntil time.Time `json:"approval_until,omitzero"` // nor be approved after that

	Instance string `json:"instance"` // that holds the steps; set by Put
	Steps    int64  `json:"steps"`    // how many; set by Put
	Sum      string `json:"sum"`      // SHA-256 of the steps; set by Put
	KeyID    string `json:"key_id"`   // names the key of the digest without telling it; set by Put

	// Digest is a keyed hash of all the above. It is no part of the JSON that
	// it is made of.
	Digest string `json:"-"`
}

// Approver is somebody who agreed to another's plan.
type Approver struct {
	ID   string    `json:"id"`
	Name string    `json:"name,omitempty"`
	At   time.Time `json:"at"`
}

// CommandCount is how many commands a plan has.
func (p Plan) CommandCount() int64 { return cmp.Or(p.Commands, p.Steps) }

// Approved reports whether everybody has agreed who has to.
func (p Plan) Approved() bool { return p.Approval == "" || len(p.Approvers) > 0 }

// approvedBy reports whether somebody has agreed already.
func (p Plan) approvedBy(id string) bool {
	for _, a := range p.Approvers {
		if a.ID == id {
			return true
		}
	}
	return false
}

// idLength gives an id 60 bits, which nobody guesses within a plan's life.
const idLength = 12

// NewID answers an id that no other plan has: letters a to z and digits 2 to 7.
func NewID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b[:]))[:idLength]
}

var idForm = regexp.MustCompile(`^[a-z2-7]{10,12}$`)

// validID reports whether id can be one of a plan. What people type or click is
// checked by it before it becomes part of a key or a file's name.
func validID(id string) bool { return idForm.MatchString(id) }
