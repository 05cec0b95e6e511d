package guard

import "testing"

func TestSizesAreReadAsRedisReadsThem(t *testing.T) {
	for size, want := range map[string]int64{
		"0": 0, "1": 1, "12b": 12, "1k": 1000, "1kb": 1024, "2gb": 2 << 30, "2GB": 2 << 30, "3m": 3e6, "3Mb": 3 << 20, "5g": 5e9,
		"": 0, "gb": 0, "1.5gb": 0, "x": 0, "-1": 0,
	} {
		if got := bytesOf(size); got != want {
			t.Errorf("%q: %d, want %d", size, got, want)
		}
	}
}

func TestEvictionIsForeseen(t *testing.T) {
	const info = "# Memory\r\nused_memory:5000000\r\nmaxmemory:4000000\r\nmaxmemory_policy:noeviction\r\nmem_not_counted_for_evict:500000\r\n"
	for _, c := range []struct {
		parameters []string
		want       bool
	}{
		{nil, false},
		{[]string{"maxmemory-policy", "allkeys-lru"}, true},
		{[]string{"MAXMEMORY-POLICY", "volatile-ttl"}, true},
		{[]string{"maxmemory", "4500kb", "maxmemory-policy", "allkeys-lru"}, false},
		{[]string{"maxmemory-policy", "allkeys-lru", "maxmemory", "0"}, false},
		{[]string{"maxmemory", "1k"}, false},
	} {
		s := &Summary{}
		for i := 0; i+1 < len(c.parameters); i += 2 {
			s.parameters = append(s.parameters, Parameter{Name: c.parameters[i], Becomes: c.parameters[i+1]})
		}
		if got := s.evicts(info); got != c.want {
			t.Errorf("%v: %t", c.parameters, got)
		}
	}
}
