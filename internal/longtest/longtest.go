// Package longtest has what tests of whole processes share: what a process says,
// and how long a campaign is to be. It starts nothing itself.
package longtest

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"testing"
)

// Output is written by a process and may be read meanwhile. The zero Output is
// empty.
type Output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes in what the process says.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// String answers what was said so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Number answers the number that a variable of the environment holds, and
// otherwise where it is not set. Another text ends the test.
func Number(t testing.TB, variable string, otherwise int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return otherwise
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}
