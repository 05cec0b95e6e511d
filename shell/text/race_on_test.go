//go:build race

package text_test

const (
	raceEnabled = true
	slowness    = 5
	stride      = 4 // from one row of a long table to the next
)
