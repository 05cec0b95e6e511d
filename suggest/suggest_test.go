package suggest

import (
	"strings"
	"testing"
)

func TestNearest(t *testing.T) {
	known := []string{"redis", "config", "help", "status", "why", "sort"}
	for _, tt := range []struct{ word, want string }{
		{"reids", "redis"},
		{"rdis", "redis"},
		{"REDIS", "redis"},
		{"confgi", "config"},
		{"cofnig", "config"},
		{"hlep", "help"},
		{"stauts", "status"},
		{"hwy", "why"},
		{"so", ""},
		{"x", ""},
		{"", ""},
		{"something else entirely", ""},
		{strings.Repeat("redis", 100), ""},
	} {
		if got, _ := Nearest(tt.word, known); got != tt.want {
			t.Errorf("Nearest(%q) = %q, want %q", tt.word, got, tt.want)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"abc", "acb", 1}, {"abc", "abd", 1}, {"abc", "ab", 1}, {"abc", "xabc", 1},
		{"kitten", "sitting", 3},
	} {
		if got := Distance(tt.a, tt.b); got != tt.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", tt.a, tt.b, got, tt.want)
		}
		if got := Distance(tt.b, tt.a); got != tt.want {
			t.Errorf("Distance(%q, %q) = %d, want %d", tt.b, tt.a, got, tt.want)
		}
	}
}
