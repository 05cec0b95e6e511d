//go:build race

package text

// Under the race detector memory takes a multiple of its size in shadows, and
// its shadows' address space cannot be limited.
const (
	raceDetector = true
	allowance    = 16
)
