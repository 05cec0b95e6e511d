package audit

import "fmt"

// Unrecorded says that a record could be written nowhere, so that what it
// tells of must not happen.
type Unrecorded struct {
	Err  error
	File bool // a file was tried too
}

func (e *Unrecorded) Error() string {
	text := fmt.Sprintf("This did not run: the audit could not record it first. (%v)", e.Err)
	if !e.File {
		text += " With `state.dir` set, records wait in a file while Redis takes none."
	}
	return text
}

// Unwrap answers why.
func (e *Unrecorded) Unwrap() error { return e.Err }

// Newer says that a later release of Helix keeps the audit.
type Newer struct{}

func (*Newer) Error() string {
	return "the audit is kept by a later release of Helix, so this one only reads it; update this instance"
}
