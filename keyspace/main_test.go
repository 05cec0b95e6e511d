package keyspace_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/helix-collective/helix/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(redistest.Shared(m)) }

func ignore([][]byte) error { return nil }
