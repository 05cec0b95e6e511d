//go:build !race

package bot_test

// raceDetector says that the race detector is off.
const raceDetector = false
