package alerts

import (
	"fmt"
	"strings"
)

// UnknownError says that there is no such rule, label, incident or silence.
type UnknownError struct {
	What       string // as in "rule"
	Name       string
	Suggestion string // what was probably meant; may be empty
}

func (e *UnknownError) Error() string {
	text := fmt.Sprintf("there is no %s `%s`", e.What, clip(strings.ReplaceAll(e.Name, "`", "'"), 80))
	if e.Suggestion != "" {
		text += fmt.Sprintf(". Did you mean `%s`?", e.Suggestion)
	}
	return text
}

// ResolvedError says that an incident is over, so that nothing can be done
// about it.
type ResolvedError struct{ ID string }

func (e *ResolvedError) Error() string { return e.ID + " is resolved already" }

// LimitError says that there are as many silences as there may be.
type LimitError struct{ Most int }

func (e *LimitError) Error() string {
	return fmt.Sprintf("there are %d silences already; end one first", e.Most)
}

// NewerError says that a later release of Helix keeps the incidents, so that this one
// changes none and shows none.
type NewerError struct{}

func (*NewerError) Error() string {
	return "incidents and silences are kept by a later release of Helix, so this one leaves them alone; update this instance"
}
