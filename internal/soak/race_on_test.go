//go:build race

package soak

// raceDetector says that the race detector is on, under which all takes longer: people talk a tenth
// as fast.
const (
	raceDetector = true
	slower       = 10
)
