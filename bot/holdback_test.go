package bot

import (
	"fmt"
	"slices"
	"testing"
)

// heardBy is what a channel's messages come to, in order.
type heardBy struct{ all []string }

func (h *heardBy) hear(text string) func() { return func() { h.all = append(h.all, text) } }

func TestWhatIsHeardWaitsForWhatWasMissed(t *testing.T) {
	h := holdback{channels: make(map[string]*heldBack)}
	var heard heardBy
	ops := []missedIn{{channel: "ops"}}
	h.begin(ops)
	h.begin(ops) // the next connection came before the first was caught up
	for _, text := range []string{"three", "four"} {
		if !h.keeps("ops", heard.hear(text)) {
			t.Fatalf("%s is heard at once", text)
		}
	}
	if h.keeps("talk", heard.hear("elsewhere")) {
		t.Error("another channel waits")
	}
	h.pass(heard.hear("one"))
	h.end("ops")
	h.pass(heard.hear("two"))
	h.end("ops")
	if want := []string{"one", "two", "three", "four"}; !slices.Equal(heard.all, want) {
		t.Errorf("heard %q", heard.all)
	}
	if h.keeps("ops", heard.hear("five")) || len(h.channels) > 0 {
		t.Error("the channel still waits")
	}
}

// What comes while the kept is handed on comes after it.
func TestWhatComesMeanwhileComesAfter(t *testing.T) {
	h := holdback{channels: make(map[string]*heldBack)}
	var heard heardBy
	h.begin([]missedIn{{channel: "ops"}})
	h.keeps("ops", func() {
		heard.hear("one")()
		if !h.keeps("ops", heard.hear("three")) {
			t.Error("it is heard at once")
		}
	})
	h.keeps("ops", heard.hear("two"))
	h.end("ops")
	if want := []string{"one", "two", "three"}; !slices.Equal(heard.all, want) {
		t.Errorf("heard %q", heard.all)
	}
}

func TestWhatIsHeldBackIsBounded(t *testing.T) {
	h := holdback{channels: make(map[string]*heldBack)}
	var heard heardBy
	h.begin([]missedIn{{channel: "ops"}})
	for i := range maxHeldBack {
		h.keeps("ops", heard.hear(fmt.Sprint(i)))
	}
	if h.keeps("ops", heard.hear("one too many")) {
		t.Error("it is kept")
	}
	h.end("ops")
	if len(heard.all) != maxHeldBack {
		t.Errorf("%d are heard", len(heard.all))
	}
}
