package alerts

import (
	"context"
	"errors"
)

// Notifier shows incidents to people. Its calls may take long and may fail;
// each is made again until it succeeds. After an error it is not known whether
// the call had an effect: the nonces are there for that.
type Notifier interface {
	// Show makes the message of an incident, or edits the one that its Delivery
	// names, and answers where it is. A new message of an incident that Rings
	// carries the call. ErrGone says that somebody has deleted the message.
	Show(ctx context.Context, in Incident) (Place, error)

	// Ring calls for an incident that is shown already, which an edit does not.
	Ring(ctx context.Context, in Incident) error

	// Announce tells that a silence has begun or, if it is Over, ended.
	Announce(ctx context.Context, s Silence) error

	// Shown answers the messages of incidents that can be found where they are
	// shown. It is asked when it is not known whether a message was made.
	Shown(ctx context.Context) ([]Shown, error)
}

// Place is where an incident is shown.
type Place struct {
	Message string
	Thread  string // of its history; may be empty
}

// Shown is a message of an incident, as it was found.
type Shown struct {
	ID   string // of the incident
	Rule string
	Place
	Open bool // it does not say that the incident is resolved
}

// ErrGone is the error of an edit whose message is no longer there.
var ErrGone = errors.New("the message is gone")
