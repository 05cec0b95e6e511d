package keyspace

import "testing"

func TestLiteral(t *testing.T) {
	for _, tt := range []struct {
		pattern, key string
		ok           bool
	}{
		{"session:abc", "session:abc", true},
		{`a\*b`, "a*b", true},
		{`a\\b`, `a\b`, true},
		{`a\`, `a\`, true},
		{"a]b", "a]b", true},
		{"", "", false},
		{"*", "", false},
		{"a?", "", false},
		{"[a]", "", false},
	} {
		if key, ok := literal(tt.pattern); ok != tt.ok || ok && key != tt.key {
			t.Errorf("%q: %q, %v; want %q, %v", tt.pattern, key, ok, tt.key, tt.ok)
		}
	}
}
