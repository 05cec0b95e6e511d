package commands

import (
	"fmt"
	"slices"
	"testing"
)

func TestShownKeepsTheNewestOfEachChannel(t *testing.T) {
	s := newShown()
	add := func(channel string, keys ...string) {
		program := s.in(channel)
		for _, k := range keys {
			program.Add([]byte(k[:1]+"…"), []byte(k))
		}
	}
	find := func(channel, short string, want ...string) {
		t.Helper()
		if got := s.in(channel).Find(short); !slices.Equal(got, want) {
			t.Errorf("%s in %s stands for %q, want %q", short, channel, got, want)
		}
	}
	add("ops", "a1", "b1", "a1", "b2", "b3")
	find("ops", "a…", "a1")
	find("ops", "b…", "b1", "b2")
	find("talk", "a…")

	for i := range maxShownKeys {
		s.in("ops").Add(fmt.Appendf(nil, "%d…", i), []byte("key"))
	}
	find("ops", "a…")
	find("ops", "0…", "key")
	for i := range maxShownChannels {
		add(fmt.Sprint(i), "a1")
	}
	find("ops", "0…")

	program := s.in("long")
	for i := range 2 * maxShownKeys {
		program.Add(fmt.Appendf(nil, "%d…", i), []byte("key"))
	}
	program.Add([]byte("a…"), make([]byte, maxShownBytes+1))
	find("long", "0…", "key")
	find("long", fmt.Sprintf("%d…", maxShownKeys))
}
