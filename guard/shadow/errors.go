package shadow

import "fmt"

// UnpredictableError says that nobody can tell what a command would do. The
// copies are as they were before.
type UnpredictableError struct {
	Command string // its name, in lower case
	Why     string // half a sentence about the form of the call, without its words
}

func (e *UnpredictableError) Error() string {
	return fmt.Sprintf("what %s does cannot be told beforehand: %s", e.Command, e.Why)
}

// NotHeldError says that a command needs keys that were not loaded.
type NotHeldError struct {
	DB   int
	Keys []string // each once
}

func (e *NotHeldError) Error() string {
	return fmt.Sprintf("%d keys that the command needs are not loaded", len(e.Keys))
}

// TooLargeError says that a value, or all values together, are too much to be
// copied. Elements is 0 for a string.
type TooLargeError struct {
	Key      string // "" if it is the copies together
	Bytes    int64  // 0 if it is not known
	Elements int64
}

func (e *TooLargeError) Error() string {
	switch {
	case e.Key == "":
		return fmt.Sprintf("the copies would take more than %d MiB", maxBytes>>20)
	case e.Elements > 0:
		return fmt.Sprintf("a value of %d elements is too large to be copied", e.Elements)
	}
	return fmt.Sprintf("a value of %d KiB is too large to be copied", e.Bytes>>10)
}

// UnsupportedError says that a key is of a kind that cannot be copied.
type UnsupportedError struct {
	Key  string
	What string // "a stream with consumer groups"
}

func (e *UnsupportedError) Error() string { return e.What + " cannot be copied" }
