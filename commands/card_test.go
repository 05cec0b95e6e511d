package commands

import (
	"bytes"
	"testing"
)

func TestAnOutputIsACardOnlyToTheByte(t *testing.T) {
	card := Card{Title: "Keys", Tables: []Table{figures([]string{"a", "1"}), figures([]string{"b", "2"})}}
	for _, c := range []struct {
		name, before, after string
		is                  bool
	}{
		{"alone", "", "", true},
		{"behind more", "x\n", "", false},
		{"before more", "", "x\n", false},
	} {
		var kept cards
		var out bytes.Buffer
		out.WriteString(c.before)
		if err := kept.write(&out, card); err != nil {
			t.Fatal(err)
		}
		out.WriteString(c.after)
		if got := kept.of(out.Bytes()); (got != nil) != c.is {
			t.Errorf("%s: the card is %v", c.name, got)
		}
	}
	var none cards
	if none.of(nil) != nil {
		t.Error("no output is a card")
	}
}
