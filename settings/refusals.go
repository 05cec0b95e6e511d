package settings

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"github.com/helix-collective/helix/script"
)

// Conflict says that somebody else changed the same settings meanwhile.
// Nothing was stored.
type Conflict struct {
	Keys    []string
	Entries []Entry // their changes, the newest first; empty if the history is gone
}

func (e *Conflict) Error() string {
	var b strings.Builder
	for _, entry := range e.Entries {
		for _, c := range entry.Changes {
			if slices.Contains(e.Keys, c.Key) {
				fmt.Fprintf(&b, "%s changed %s meanwhile: %s, revision %d. ", entry.Who.display(), quote(c.Key), c, entry.Revision)
			}
		}
	}
	if b.Len() == 0 {
		fmt.Fprintf(&b, "Somebody changed %s meanwhile. ", strings.Join(e.Keys, ", "))
	}
	b.WriteString("Yours was not stored; look again and repeat it if it still stands.")
	return b.String()
}

func (a Author) display() string {
	switch {
	case a.Name != "":
		return a.Name
	case a.ID != "":
		return a.ID
	}
	return "Helix"
}

// Unavailable says that live settings cannot be read or changed now. What is
// in force stays in force.
type Unavailable struct {
	Err error // nil if there is no Redis at all

	// Uncertain says that the connection was lost after the change was sent:
	// it may have been stored.
	Uncertain bool
}

func (e *Unavailable) Error() string {
	switch {
	case e.Err == nil:
		return "Settings cannot be changed live without Redis. Set redis.url and restart Helix."
	case e.Uncertain:
		return fmt.Sprintf("The connection to Redis was lost, so the change may have been stored or not. Look at it again when Redis is back. (%v)", e.Err)
	case script.Refused(e.Err):
		return fmt.Sprintf("Redis refuses it, so the settings stay as they are. (%v)", e.Err)
	}
	return fmt.Sprintf("Redis is out of reach, so the settings stay as they are. (%v)", e.Err)
}

func (e *Unavailable) Unwrap() error { return e.Err }

func unavailable(err error) error { return &Unavailable{Err: err} }

// notStored words the failure of a write: certain if Redis refused it or could
// not even be dialled.
func notStored(err error) error {
	var op *net.OpError
	dialling := errors.As(err, &op) && op.Op == "dial"
	return &Unavailable{Err: err, Uncertain: !script.Refused(err) && !dialling}
}

// ReadOnlyError says that a later release has stored the live settings.
type ReadOnlyError struct{ Schema int }

func (e *ReadOnlyError) Error() string {
	return fmt.Sprintf("The live settings were stored by a later release of Helix (schema %d, this one knows %d). "+
		"They can be read here, not changed; update this instance.", e.Schema, schema)
}

// RevisionError says that the history does not have a revision.
type RevisionError struct{ Revision, Oldest, Newest int64 } // Newest 0: it is empty

func (e *RevisionError) Error() string {
	if e.Newest == 0 {
		return fmt.Sprintf("There is no revision %d: the history is empty.", e.Revision)
	}
	return fmt.Sprintf("There is no revision %d: the history reaches from %d to %d.", e.Revision, e.Oldest, e.Newest)
}
