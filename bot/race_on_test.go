//go:build race

package bot_test

// raceDetector says that the race detector is on, which takes several times the
// time.
const raceDetector = true
