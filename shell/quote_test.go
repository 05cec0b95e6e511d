package shell_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/helix-collective/helix/shell"
)

func TestQuote(t *testing.T) {
	for text, want := range map[string]string{
		"":                     "''",
		"redis.session_ttl=60": "redis.session_ttl=60",
		"session:*":            "session:*",
		"a b":                  "'a b'",
		"it's":                 `'it'\''s'`,
		"$(flushdb)":           "'$(flushdb)'",
		"```":                  "'`''`''`'",
		"~":                    "'~'",
	} {
		if got := shell.Quote(text); got != want {
			t.Errorf("%q is written %s, want %s", text, got, want)
		}
	}
}

// TestAQuotedWordMeansItsText: whatever is in it, it is one literal word, and
// neither a chat's code block nor a line break of another kind.
func TestAQuotedWordMeansItsText(t *testing.T) {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching("[ '\"`$()\\\\\\r\\n;|&<>{}a~!#*-]{0,12}"))
	rapid.Check(t, func(t *rapid.T) {
		want := strings.ReplaceAll(text.Draw(t, "text"), "\x00", "")
		word := shell.Quote(want)
		program, err := shell.Parse("say " + word + " end")
		if err != nil {
			t.Fatalf("%q as %s: %v", want, word, err)
		}
		calls := program.Calls()
		if len(calls) != 1 || len(calls[0].Args) != 2 || !calls[0].Args[0].Literal || calls[0].Args[0].Text != want {
			t.Fatalf("%q as %s is %+v", want, word, calls)
		}
		if strings.Contains(word, "``") || strings.Contains(word, "\r\n") {
			t.Fatalf("%q as %s", want, word)
		}
	})
}
