package probe

import (
	"math"
	"testing"
)

// FuzzInfo holds that no server's INFO stops the reader, and that what is taken
// for a number is one.
func FuzzInfo(f *testing.F) {
	f.Add("# Memory\r\nused_memory:1024\r\nmaxmemory:0\r\n# Keyspace\r\ndb0:keys=3,expires=1\r\nslave0:ip=1,state=online,lag=1\r\n")
	f.Add("used_memory:NaN\r\ndb0:keys=inf\r\nslave0:lag=-1,state=\r\n")
	f.Add("::\r\n# \r\ndb-1:keys=1\r\ndb:\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		i := parseInfo(text)
		for _, field := range []string{"used_memory", "maxmemory", "db0"} {
			if n, ok := i.number(field); ok && (math.IsNaN(n) || math.IsInf(n, 0)) {
				t.Errorf("%s of %q is %v", field, text, n)
			}
		}
		if n := i.allKeys(); math.IsNaN(n) || math.IsInf(n, 0) {
			t.Errorf("%q has %v keys", text, n)
		}
		for _, r := range i.replicas() {
			if math.IsNaN(r.lag) || r.lag < 0 {
				t.Errorf("%q has a lag of %v", text, r.lag)
			}
		}
	})
}
