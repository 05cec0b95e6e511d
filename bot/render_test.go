package bot

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/helix-collective/helix/commands"
)

// TestMuchAdviceLeavesTheFigures: how far a change came stands in the last line.
func TestMuchAdviceLeavesTheFigures(t *testing.T) {
	long := strings.Repeat("a hint that goes on ", 20)
	text := tail(commands.Reply{Hints: []string{long, long, long, long}, Footer: "829 of 829 commands carried out in 2 s."})
	if !strings.HasSuffix(text, "\n-# 829 of 829 commands carried out in 2 s.") || width(text) > maxAdvice {
		t.Errorf("%d wide: %s", width(text), text)
	}
}

func TestVisible(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"plain\ttext\n", "plain\ttext\n"},
		{"häß 漢字 🙂", "häß 漢字 🙂"},
		{"a\r\nb", "a\nb"},
		{"\xff\xfe", `\xff\xfe`},
		{"\x00\x1b[31mred", `\x00\x1b[31mred`},
		{"a\rb", `a\x0db`},
		{"left\u202eright", `left\u202eright`},
		{"zero\u200bwidth", `zero\u200bwidth`},
		{"\u2028", `\u2028`},
		{"ok \xc3\x28", `ok \xc3(`},
		{"filler\u3164\u034f", `filler\u3164\u034f`},
		{"❤\ufe0f stays", "❤\ufe0f stays"},
		{"a\ufe01\U000e0100", `a\ufe01\U000e0100`},
	} {
		if got := visible(c.text); got != c.want {
			t.Errorf("visible(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func TestFenced(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"a\n", "```\na\n```"},
		{"a", "```\na\n```"},
		{"`` stays", "```\n`` stays\n```"},
		{"```out", "```\n`\u200b`\u200b`out\n```"},
		{"`````", "```\n`\u200b`\u200b`\u200b`\u200b`\n```"},
		{"\n\nlow", "```\n\u200b\n\nlow\n```"},
	} {
		if got := fenced(c.text); got != c.want {
			t.Errorf("fenced(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func TestRender(t *testing.T) {
	lines := func(n int) []byte {
		var b bytes.Buffer
		for i := range n {
			fmt.Fprintf(&b, "session:user:%06d\n", i)
		}
		return b.Bytes()
	}
	for _, c := range []struct {
		name  string
		reply commands.Reply
		pages int
		file  int // bytes
		parts []string
	}{
		{"a line", commands.Reply{Output: []byte("3\n"), Footer: "1 line · 2 ms"}, 1, 0, []string{"```\n3\n```\n-# 1 line · 2 ms"}},
		{"nothing", commands.Reply{Footer: "0 lines · 2 ms"}, 1, 0, []string{"(no output)\n-# 0 lines"}},
		{"a status", commands.Reply{Outcome: commands.OK, Status: 1, Footer: "0 lines"}, 1, 0, []string{"-# 0 lines · exit status 1"}},
		{"a hint", commands.Reply{Output: []byte("-1\n"), Hints: []string{"This key never expires."}}, 1, 0, []string{"\n-# This key never expires."}},
		{"a problem", commands.Reply{Problem: "You need `read`."}, 1, 0, []string{"You need `read`."}},
		{"a caret", commands.Reply{Problem: "Column 5: unclosed quote.\necho \"\n     ^"}, 1, 0, []string{"unclosed quote.\n```\necho \"\n     ^\n```"}},
		{"output before a problem", commands.Reply{Output: []byte("half\n"), Problem: "Stopped."}, 1, 0, []string{"```\nhalf\n```\nStopped."}},
		{"pages", commands.Reply{Output: lines(200)}, 3, 0, []string{"session:user:000000", "page 1 of 3"}},
		{"a file", commands.Reply{Output: lines(5000)}, 1, 100000, []string{"session:user:000000", "97.7 KiB", "is in the file"}},
		{"too much", commands.Reply{Output: lines(5000), Truncated: 42 << 20}, 1, 100000, []string{"first 97.7 KiB", "42.0 MiB more are left out"}},
		{"a long line", commands.Reply{Output: bytes.Repeat([]byte("x"), 3000)}, 2, 0, []string{"page 1 of 2"}},
		{"a huge file", commands.Reply{Output: bytes.Repeat([]byte("0123456789abcde\n"), 1<<20)}, 1, 8 << 20, []string{"first 8.0 MiB", "8.0 MiB more are left out"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := render(c.reply)
			if len(r.pages) != c.pages {
				t.Fatalf("%d pages, want %d", len(r.pages), c.pages)
			}
			for _, part := range c.parts {
				if !strings.Contains(r.pages[0], part) {
					t.Errorf("page 1 is %q, without %q", r.pages[0], part)
				}
			}
			if got := fileBytes(r); got != c.file {
				t.Errorf("a file of %d bytes, want %d", got, c.file)
			}
		})
	}
}

func fileBytes(r rendered) int {
	if len(r.files) == 0 {
		return 0
	}
	return len(r.files[0].data)
}

// FuzzRender holds every answer to what Discord takes and no text may break.
func FuzzRender(f *testing.F) {
	f.Add([]byte("3\n"), "", "", "1 line")
	f.Add(bytes.Repeat([]byte("`"), 5000), "a\nb ```c", "hint ```", "")
	f.Add([]byte("\xff\n\n\n@everyone"), "problem\n  ^", "", "footer")
	f.Add(bytes.Repeat([]byte("🙂"), 3000), "", "h", "")
	f.Add([]byte{}, "0", "0", "0")
	f.Fuzz(func(t *testing.T, output []byte, problem, hint, footer string) {
		r := render(commands.Reply{Output: output, Problem: problem, Hints: []string{hint, hint}, Footer: footer})
		for i, page := range r.pages {
			if n := width(page); n > maxContent || n == 0 {
				t.Fatalf("page %d has %d units", i+1, n)
			}
			if !utf8.ValidString(page) {
				t.Fatalf("page %d is not UTF-8", i+1)
			}
			if marks := strings.Count(page, fenceMark); problem == "" && hint == "" && footer == "" && marks%2 != 0 {
				t.Fatalf("page %d has %d fences: %q", i+1, marks, page)
			}
		}
		if problem != "" || hint != "" || footer != "" || r.files != nil || len(output) == 0 {
			return
		}
		if whole := unfence(r.pages); whole != shown(output) {
			t.Fatalf("the pages say %q, the output is %q", whole, shown(output))
		}
	})
}

// unfence answers the text that pages hold, without line ends that blocks hide.
func unfence(pages []string) string {
	var b strings.Builder
	for _, page := range pages {
		_, rest, _ := strings.Cut(page, fenceMark+"\n")
		b.WriteString(rest[:max(strings.Index(rest, "\n"+fenceMark), 0)])
	}
	return flatten(b.String())
}

func shown(output []byte) string { return flatten(visible(string(output))) }

func flatten(s string) string {
	return strings.NewReplacer("\n", "", zeroWidth, "").Replace(s)
}

// However long its parts are, an answer is one that Discord takes.
func TestNoPartOfAnAnswerIsTooLong(t *testing.T) {
	for _, unit := range []string{"x", "`", "\x00", "🙂", "x\n", " ^\n", "``` [a](http://b) "} {
		for _, n := range []int{1, 300, 700, 1500, 3000} {
			long := strings.Repeat(unit, n)
			for _, reply := range []commands.Reply{
				{Problem: long},
				{Problem: "first\n" + long, Hints: []string{long, long}, Footer: long},
				{Output: []byte(long), Problem: long, Hints: []string{long, long}, Footer: long},
				{Output: bytes.Repeat([]byte(long), 20), Problem: long + "\n  " + long, Hints: []string{long}, Truncated: 5},
			} {
				for i, page := range render(reply).pages {
					if got := width(page); got > maxContent || strings.TrimSpace(page) == "" {
						t.Errorf("%d of %q: page %d has %d units", n, unit, i, got)
					}
				}
			}
		}
	}
}

func TestWordsOutsideOfABlockAreOnlyWords(t *testing.T) {
	const z = zeroWidth
	for _, c := range []struct{ text, want string }{
		{"You need **read** for `redis get`.", "You need **read** for `redis get`."},
		{"`<@1> ||x|| [a](b)` stays", "`<@1> ||x|| [a](b)` stays"},
		{"<@1> <@&2> <#3> <:e:4> <a:e:5> </c:6> <t:7>", "<" + z + "@1> <" + z + "@&2> <" + z + "#3> <" + z + ":e:4> <" + z + "a:e:5> <" + z + "/c:6> <" + z + "t:7>"},
		{"[here](https://evil.example)", "[here]" + z + "(h" + z + "ttps://evil.example)"},
		{"redis://127.0.0.1:6379", "redis://127.0.0.1:6379"},
		{"||dark||", "|" + z + "|dark|" + z + "|"},
		{"discord.gg/abc", "d" + z + "iscord.gg/abc"},
		{"no end ` <@1>", "no end \\` <" + z + "@1>"},
		{"``` <@1> `", "\\`\\`\\` <" + z + "@1> \\`"},
		{"`a``<@1>`", "\\`a\\`\\`<" + z + "@1>\\`"},
		{"\\`<@1>`", "\\" + z + "`<@1>`"},
		{"\\` <@1>", "\\" + z + "\\` <" + z + "@1>"},
	} {
		if got := harmless(c.text); got != c.want {
			t.Errorf("harmless(%q) = %q, want %q", c.text, got, c.want)
		}
	}
	for n := range 12 {
		if got := harmless("a" + strings.Repeat("`", n) + "b"); strings.Contains(got, fenceMark) {
			t.Errorf("%d backticks begin a block: %q", n, got)
		}
	}
}
