package change

import (
	"testing"
	"time"
)

// TestThePatienceEndsBeforeTheAttempts holds that what is waited for is told as
// what it is, and not as a key that keeps changing.
func TestThePatienceEndsBeforeTheAttempts(t *testing.T) {
	lasts := time.Duration(0)
	for range maxAttempts - 1 {
		lasts += pauseAfter(lasts)
	}
	if lasts <= defaultPatience {
		t.Errorf("%d attempts take %s, and %s are waited", maxAttempts, lasts, defaultPatience)
	}
}
