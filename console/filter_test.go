package console

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestFilter(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain", "session:abc\n", "session:abc\n"},
		{"tabs and lines", "a\tb\n\nc", "a\tb\n\nc"},
		{"other scripts", "grün 日本 العربية नमस्ते", "grün 日本 العربية नमस्ते"},
		{"emoji of several parts", "👩‍💻 ❤️ 🇩🇪", "👩‍💻 ❤️ 🇩🇪"},
		{"clear the screen", "\x1b[2J\x1b[H", `\x1b[2J\x1b[H`},
		{"set the title", "\x1b]0;owned\x07", `\x1b]0;owned\x07`},
		{"an answerback", "\x1b[6n\x05", `\x1b[6n\x05`},
		{"one byte for an escape", "\x9b2J", `\x9b2J`},
		{"the same as a character", "\u009b2J", `\x9b2J`},
		{"bell and backspace", "a\a\b\b\bevil", `a\x07\x08\x08\x08evil`},
		{"delete and null", "a\x7f\x00", `a\x7f\x00`},
		{"overwriting a line", "safe\revil", `safe\x0devil`},
		{"line ends of Redis", "# Memory\r\nused:1\r\n", "# Memory\nused:1\n"},
		{"a return before one", "a\r\r\n", "a\\x0d\n"},
		{"a return at the end", "a\r", `a\x0d`},
		{"direction of writing", "a\u202eb\u2066c\u200f", `a\u202eb\u2066c\u200f`},
		{"hidden signs", "a\u200bb\ufeffc\u00add\U000e0041", `a\u200bb\ufeffc\xadd\U000e0041`},
		{"line separators", "a\u2028b\u0085c\vd\fe", `a\u2028b\x85c\x0bd\x0ce`},
		{"not UTF-8", "\xff\xfe\xc3", `\xff\xfe\xc3`},
		{"half a character", "gr\xc3", `gr\xc3`},
		{"a surrogate", "\xed\xa0\x80", `\xed\xa0\x80`},
		{"the replacement itself", "\ufffd", "\ufffd"},
		{"a backslash stays", `\x1b`, `\x1b`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := harmless(test.in, false); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			checkSplit(t, test.in)
		})
	}
}

// checkSplit holds what comes in pieces against what comes at once.
func checkSplit(t *testing.T, text string) {
	t.Helper()
	var f filter
	var pieces strings.Builder
	for i := range len(text) {
		pieces.Write(f.next([]byte{text[i]}))
	}
	pieces.Write(f.rest())
	if whole := harmless(text, false); pieces.String() != whole {
		t.Errorf("byte by byte %q, at once %q", pieces.String(), whole)
	}
}

func TestColumnsStayWhereTheyAre(t *testing.T) {
	tests := map[string]string{
		"echo \x1b[2J | foo\n            ^":   "echo ␛[2J | foo\n            ^",
		"a\u202eb\x7f\xff\r":                  "a\ufffdb␡\ufffd␍",
		"\t^":                                 "\t^",
		strings.Repeat("\x00", 3) + "x\n   ^": "␀␀␀x\n   ^",
	}
	for in, want := range tests {
		got := harmless(in, true)
		if got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
		if utf8.RuneCountInString(got) != utf8.RuneCountInString(in) {
			t.Errorf("%q has other columns than %q", got, in)
		}
	}
}

func FuzzFilter(f *testing.F) {
	f.Add("\x1b[2Jgrün\r\n\xff\u202e")
	f.Add("\xf0\x9f\x91\xa9\u200d")
	f.Fuzz(func(t *testing.T, text string) {
		for _, columns := range []bool{false, true} {
			safe := harmless(text, columns)
			if !utf8.ValidString(safe) {
				t.Errorf("%q became %q, which is not UTF-8", text, safe)
			}
			for _, r := range safe {
				if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
					t.Errorf("%q became %q, which holds %q", text, safe, r)
				}
			}
		}
		checkSplit(t, text)
	})
}
