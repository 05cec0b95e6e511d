package commands

import "sync"

// Offer is a next step that a reply proposes: a message that whoever takes it
// says, under their own rights, as if they had typed it. It shows as a button or
// a menu where there are such, and as a line to type elsewhere.
type Offer struct {
	Label string // of the button; at most 80 characters
	Line  string // the message, with its prefix; at most 90 bytes
	Wants Wants  // what is put in the place of {} in Line first

	// Plans has what a press changes planned first, also what is made at once
	// when the line is typed.
	Plans bool
}

// Wants says what an offer wants to know of the one who takes it.
type Wants int

// What an offer may want to know.
const (
	WantsNothing Wants = iota
	WantsChannel       // put as channel:ID
	WantsRoles         // put as their ids with blanks between
	WantsWords         // words that are typed, put as one quoted word
)

// maxOffers bounds the offers of one reply: what a row of buttons takes.
const maxOffers = 5

// offers gathers the next steps of a turn. The zero offers is ready for use,
// from several goroutines.
type offers struct {
	mu   sync.Mutex
	list []Offer
}

func (o *offers) add(offer Offer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.list) < maxOffers {
		o.list = append(o.list, offer)
	}
}

func (o *offers) all() []Offer {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]Offer(nil), o.list...)
}
