package guide

import (
	"slices"
	"strings"
	"testing"
)

// FuzzFind holds that whatever is asked for is a topic of the guide or none.
func FuzzFind(f *testing.F) {
	for _, seed := range append(Names(), "", "out of memory", "users can't log out", "\x00 \xff") {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, said string) {
		if topic, ok := Find(strings.Fields(said)); ok != slices.Contains(Names(), topic.Name) {
			t.Errorf("%q means %q, %v", said, topic.Name, ok)
		}
	})
}
