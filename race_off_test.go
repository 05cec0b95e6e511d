//go:build !race

package main

// raceDetector says that the race detector is off.
const raceDetector = false
