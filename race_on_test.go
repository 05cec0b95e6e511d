//go:build race

package main

// raceDetector says that the race detector is on, which takes several times
// the memory.
const raceDetector = true
