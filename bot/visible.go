package bot

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	fenceMark = "```"
	// zeroWidth is a character of no width. Between backticks it keeps them
	// from being a fence.
	zeroWidth = "\u200b"
)

// visible makes every byte of a text legible: bytes that are no UTF-8, control
// characters, and those that turn or hide what stands around them are written
// as escapes. Line breaks and tabs stay; a carriage return before a line break
// goes.
func visible(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if plain(text) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + len(text)/8)
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case r < 0x80 && hidden(r):
			fmt.Fprintf(&b, `\x%02x`, r)
		case hidden(r) && r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		case hidden(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(text[:size])
		}
		text = text[size:]
	}
	return b.String()
}

// plain reports whether a text is ASCII without anything to escape, which most
// are.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c >= 0x7f || c < ' ' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// hidden reports whether a character is not seen, or changes how others are.
func hidden(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r):
		return true
	case r == '\u2028', r == '\u2029', unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r):
		return true
	case r == '\ufe0e', r == '\ufe0f': // whether a character is an emoji
		return false
	}
	return unicode.In(r, unicode.Co, unicode.Variation_Selector)
}

// fenced puts a text into a block that it cannot break out of, whatever it
// holds. The text is made visible before.
func fenced(text string) string {
	text = fences.ReplaceAllStringFunc(text, func(run string) string {
		return strings.Join(strings.Split(run, ""), zeroWidth)
	})
	text = strings.TrimSuffix(text, "\n")
	if first, _, _ := strings.Cut(text, "\n"); strings.TrimSpace(first) == "" {
		text = zeroWidth + text // Discord drops empty lines at the front of a block
	}
	return fenceMark + "\n" + text + "\n" + fenceMark
}

// fences are what would end a block.
var fences = regexp.MustCompile("`{3,}")

// harmless keeps words that stand outside a block from being more than words:
// no block begins, and outside of `code` no link hides where it leads, nothing
// is blacked out, and no mention, emoji or invitation is shown as one. Bold and
// small type stay. Only single backticks that come in pairs are code.
func harmless(text string) string {
	var b strings.Builder
	runs, at := backticks.FindAllStringIndex(text, -1), 0
	single := func(i int) bool { return i < len(runs) && runs[i][1]-runs[i][0] == 1 }
	for i := 0; i < len(runs); i++ {
		from, to := runs[i][0], runs[i][1]
		b.WriteString(wordsAlone(text[at:from]))
		if strings.HasSuffix(text[:from], `\`) {
			b.WriteString(zeroWidth) // else it would take the meaning from what follows
		}
		if at = to; single(i) && single(i+1) {
			i++
			at = runs[i][1]
			b.WriteString(text[from:at])
			continue
		}
		b.WriteString(strings.Repeat("\\`", to-from))
	}
	b.WriteString(wordsAlone(text[at:]))
	return b.String()
}

var backticks = regexp.MustCompile("`+")

// wordsAlone is a text without backticks that is no more than words.
func wordsAlone(text string) string { return markup.ReplaceAllStringFunc(text, apart) }

// markup is what Discord makes something of, each part of two characters and
// more.
var markup = regexp.MustCompile(`\]\(|<[@#:/at]|\|{2,}|(?i:https?://|discord://|discord\.gg/)`)

// brief is a harmless text of at most a width. It is shortened before it is made
// harmless: code that lost its end would be none.
func brief(text string, most int) string {
	for room := most; ; {
		short := harmless(clip(text, room))
		over := width(short) - most
		if over <= 0 {
			return short
		}
		room -= over
	}
}

// literal is a text outside a block that is shown to the letter, without any
// markup.
func literal(text string) string {
	return links.ReplaceAllStringFunc(special.ReplaceAllString(text, `\$0`), apart)
}

// special are the characters that Discord's markup is made of; a backslash takes
// that meaning from each.
var special = regexp.MustCompile("[\\\\*_~`|<>\\[\\]#]")

// links are what Discord makes one of without any markup.
var links = regexp.MustCompile(`(?i:https?://|discord://|discord\.gg/)`)

// line is a text in one line, all of it legible.
func line(text string) string { return strings.ReplaceAll(visible(text), "\n", " ") }

// apart keeps the first character of a text from the others, and each of a run
// from the next.
func apart(text string) string {
	if strings.HasPrefix(text, "||") {
		return strings.Join(strings.Split(text, ""), zeroWidth)
	}
	_, size := utf8.DecodeRuneInString(text)
	return text[:size] + zeroWidth + text[size:]
}

// width is the length of a text as Discord counts it, in UTF-16 units.
func width(text string) int {
	n := 0
	for _, r := range text {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// clip shortens a text to a width, with an ellipsis where something is left out.
func clip(text string, most int) string {
	if width(text) <= most {
		return text
	}
	n := 0
	for i, r := range text {
		w := 1
		if r > 0xffff {
			w = 2
		}
		if n+w > most-1 {
			return text[:i] + "…"
		}
		n += w
	}
	return text
}
