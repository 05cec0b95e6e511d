//go:build !race

package soak

// raceDetector says that the race detector is off.
const (
	raceDetector = false
	slower       = 1
)
