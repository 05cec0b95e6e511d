package longtest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func TestOutputIsReadWhileItIsWritten(t *testing.T) {
	var o Output
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			for range 100 {
				fmt.Fprintln(&o, "said")
				_ = o.String()
			}
		})
	}
	writers.Wait()
	if n := strings.Count(o.String(), "said\n"); n != 400 {
		t.Errorf("%d of 400 lines", n)
	}
}

func TestNumber(t *testing.T) {
	t.Setenv("HELIX_TEST_NUMBER", "12")
	if n := Number(t, "HELIX_TEST_NUMBER", 3); n != 12 {
		t.Errorf("%d", n)
	}
	t.Setenv("HELIX_TEST_NUMBER", "")
	if n := Number(t, "HELIX_TEST_NUMBER", 3); n != 3 {
		t.Errorf("%d", n)
	}
}
