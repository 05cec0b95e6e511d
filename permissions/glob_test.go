package permissions

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestGlob(t *testing.T) {
	tests := []struct {
		pattern string
		yes, no string // names, parted by spaces; _ is the empty name
	}{
		{"*", "_ a abc * \x00\xff", ""},
		{"**", "a abc", "_"},
		{"abc", "abc", "_ ab abcd xabc ABC"},
		{"a*", "a ab a*", "_ b ba"},
		{"*a", "a ba aa", "_ ab"},
		{"*a*", "a bab aa", "_ b"},
		{"a*b*c", "abc axbxc abbc abcc", "ab ac acb"},
		{"a?c", "abc a?c a\xffc", "ac abbc"},
		{"?", "a ? \xff", "_ ab é"},
		{"session:user:*", "session:user: session:user:a:1", "session:users session:user xsession:user:a"},
		{"[abc]", "a b c", "d ab _ ]"},
		{"[a-c]x", "ax bx cx", "dx x -x"},
		{"[c-a]x", "ax bx cx", "dx x"},
		{"[^a-c]", "d ^ -", "a b c _"},
		{"[^]", "a ^ ]", "_ ab"},
		{"[]", "", "_ a [] ]"},
		{"[]abc]", "", "a ] aabc]"},
		{"[abc", "a b c", "[abc ["},
		{"[", "", "_ [ a"},
		{"[^", "a [", "_ ab"},
		{"[a-", "a -", "b ["},
		{"[a-]", "", "b"},
		{"[a-]z", "a z ] ^", "b az -z -"},
		{`[\]]`, "]", `\ [`},
		{`[\-a]`, "- a", `\ b`},
		{`[\`, `\`, "[ _"},
		{`\*`, "*", `\* a _`},
		{`\[a]`, "[a]", "a"},
		{`a\`, `a\`, "a"},
		{`\\`, `\`, `\\ _`},
		{"[^^]", "a", "^"},
		{"[a^]", "a ^", "b"},
		{"a[", "", "a a["},
		{"a*[", "", "a a["},
		{"*?", "a ab", "_"},
		{"*[^a]", "b ab", "a _"},
		{"é*", "é école", "e"},
	}
	for _, test := range tests {
		g := compileGlob(test.pattern)
		for _, name := range strings.Fields(test.yes) {
			if !g.match(unspelled(name)) {
				t.Errorf("%q does not match %q", test.pattern, name)
			}
		}
		for _, name := range strings.Fields(test.no) {
			if g.match(unspelled(name)) {
				t.Errorf("%q matches %q", test.pattern, name)
			}
		}
	}
}

func unspelled(name string) string {
	if name == "_" {
		return ""
	}
	return name
}

// A pattern of many stars must not take time that grows with their number.
func TestGlobTakesNoExponentialTime(t *testing.T) {
	g := compileGlob(strings.Repeat("a*", 250) + "b")
	name := strings.Repeat("a", 20_000)
	done := make(chan bool, 1)
	go func() { done <- g.match(name) }()
	select {
	case matched := <-done:
		if matched {
			t.Error("matched a name without b")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("still matching after 20 s")
	}
}

// covers may say no at any time, but its yes must hold.
func TestGlobCoversOnlyWhatItMatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wide, narrow := compileGlob(drawPattern(t)), compileGlob(drawPattern(t))
		name := drawName(t)
		if wide.covers(&narrow) && narrow.match(name) && !wide.match(name) {
			t.Fatalf("%q covers %q, but not its %q", wide.text, narrow.text, name)
		}
	})
}

// The letters of names and patterns: few, so that matches are frequent, with
// every special sign, the ends of the byte range and a letter of two bytes.
const nameLetters, patternLetters = "ab-]^\\\x00\xff\x80é", "ab**?[[]]^--\\\x00\xff\x80é"

func drawName(t *rapid.T) string {
	return string(rapid.SliceOfN(rapid.SampledFrom([]byte(nameLetters)), 0, 6).Draw(t, "name"))
}

func drawPattern(t *rapid.T) string {
	return string(rapid.SliceOfN(rapid.SampledFrom([]byte(patternLetters)), 1, 8).Draw(t, "pattern"))
}

func TestScopeAllocatesNothing(t *testing.T) {
	s := mustNew(t, conversation).Scope(guildMember("3"), Destroy)
	names := []string{"session:user:ann@example.com:1f", "session:abc", "session:user:root@x"}
	if n := testing.AllocsPerRun(100, func() {
		for _, name := range names {
			s.Allows(name)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkScopeAllows(b *testing.B) {
	policy := func(allow ...string) Scope {
		return mustNew(b, map[string]Role{"r": {Discord: []string{"3"}, Allow: allow, Deny: []string{"destroy session:user:root@*"}}}).
			Scope(guildMember("3"), Destroy)
	}
	for name, s := range map[string]Scope{
		"prefix": policy("destroy session:user:*"),
		"inner":  policy("destroy session:*:[0-9a-f]*"),
		"three":  policy("destroy cart:*", "destroy tmp:*", "destroy session:user:*"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Allows("session:user:ann@example.com:1fa0b2c3d4e5f60718293a4b5c6d7e8f")
			}
		})
	}
}
