package bot

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	b := backoff{first: time.Second}
	for i, c := range []struct {
		lasted time.Duration
		served bool
		want   time.Duration
	}{
		{time.Second, false, time.Second},
		{time.Second, false, 2 * time.Second},
		{time.Second, true, time.Second}, // it served, so failures count anew
		{3 * time.Second, true, 2 * time.Second},
		{3 * time.Second, true, 4 * time.Second},
		{3 * time.Second, true, 4 * time.Second}, // what is missed stays young
		{time.Second, false, time.Second},
		{time.Second, false, 2 * time.Second},
		{2 * time.Minute, false, 4 * time.Second}, // slow to fail is no success
		{time.Second, false, 8 * time.Second},
		{time.Second, false, 16 * time.Second},
		{time.Second, false, 32 * time.Second},
		{time.Second, false, time.Minute},
		{time.Second, false, time.Minute},
		{2 * time.Minute, true, time.Second},
		{time.Second, true, time.Second},
	} {
		if got := b.after(c.lasted, c.served); got != c.want {
			t.Errorf("wait %d is %s, want %s", i, got, c.want)
		}
	}
}
