//go:build race

package chaos

// sample is how many rounds run if nothing is said: the race detector sees the
// campaign's own code, and helix is built without it.
const sample = 2
