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
	if e.File {
		return text + " Records wait in a file while Redis takes none: give Helix a `state.dir` that it may write to and that has room, and start it anew."
	}
	return text + " With `state.dir` set (HELIX_STATE_DIR, a directory that Helix may write to) records wait in a file while Redis takes none; start Helix anew after that."
}

// Unwrap answers why.
func (e *Unrecorded) Unwrap() error { return e.Err }

// Newer says that a later release of Helix keeps the audit.
type Newer struct{}

func (*Newer) Error() string {
	return "the audit is kept by a later release of Helix, so this one only reads it; update this instance"
}
