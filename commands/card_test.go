package commands

import (
	"bytes"
	"strings"
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

func TestAHiddenCardSaysWhatItsOutputSays(t *testing.T) {
	mask := func(s string) string { return strings.ReplaceAll(s, "secret", "•••") }
	for _, c := range []struct {
		name string
		card Card
		is   bool
	}{
		{"nothing hidden", Card{Tables: []Table{figures([]string{"a", "1"})}}, true},
		{"in the last column", Card{Title: "secret", Tables: []Table{figures([]string{"a", "secret"})}}, true},
		{"where others stand behind", Card{Tables: []Table{figures([]string{"secret", "1"}, []string{"b", "2"})}}, false},
	} {
		hidden := c.card.hidden([]byte(mask(c.card.Text())), mask)
		if (hidden != nil) != c.is || hidden != nil && (hidden.Title != mask(c.card.Title) || strings.Contains(hidden.Text(), "secret")) {
			t.Errorf("%s: %+v", c.name, hidden)
		}
	}
	if (*Card)(nil).hidden(nil, mask) != nil {
		t.Error("there was no card")
	}
}
