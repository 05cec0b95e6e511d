//go:build !race

package chaos

// sample is how many rounds run if nothing is said.
const sample = 6
