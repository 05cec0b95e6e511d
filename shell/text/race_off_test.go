//go:build !race

package text_test

const (
	raceEnabled = false
	slowness    = 1
	stride      = 1 // from one row of a long table to the next
)
