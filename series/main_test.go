package series_test

import (
	"os"
	"testing"

	"github.com/helix-collective/helix/internal/redistest"
)

// The suites of this package share what takes long to start.
func TestMain(m *testing.M) { os.Exit(redistest.Shared(m).Run()) }
