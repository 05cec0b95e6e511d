package shell

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"
)

const (
	curlyQuotes = "“”„‘’‚"
	longDashes  = "‐‑‒–—―−"
)

// lookalike says what is wrong with a character that looks like one of the
// shell's, or like nothing: phones, word processors and web pages put them in
// unasked, and a pattern or an option with one in it would match nothing.
func lookalike(r rune) (construct, message string, found bool) {
	switch {
	case r < utf8.RuneSelf:
		return "", "", false
	case strings.ContainsRune("‘’‚", r):
		return "curly quote", fmt.Sprintf("%c is a curly quote; use the straight ' instead", r), true
	case strings.ContainsRune(curlyQuotes, r):
		return "curly quote", fmt.Sprintf("%c is a curly quote; use the straight \" instead", r), true
	case unicode.IsSpace(r):
		return "special space", fmt.Sprintf("this is a special space (%U); use an ordinary one, or quote it if it is meant", r), true
	case unicode.Is(unicode.Cf, r):
		return "invisible character", fmt.Sprintf("an invisible character (%U) stands here; leave it out, or quote it if it is meant", r), true
	}
	return "", "", false
}

// firstLookalike finds the first lookalike that stands outside of quotes and
// comments.
func firstLookalike(text string) (at int, r rune, found bool) {
	in := regions(text)
	for i, r := range text {
		if _, _, is := lookalike(r); is && in[i] == bare {
			return i, r, true
		}
	}
	return 0, 0, false
}

// noLookalikes refuses lookalikes in an unquoted part of a word.
func (c *compiler) noLookalikes(lit *syntax.Lit) error {
	escaped := false
	for i, r := range lit.Value {
		if escaped {
			escaped = false
			continue
		}
		escaped = r == '\\'
		if construct, message, found := lookalike(r); found {
			return c.refuseAt(c.offset(lit.ValuePos)+i, construct, message)
		}
	}
	return nil
}

// noLongDash refuses an option that begins with a dash of another length, as
// phones make of "--". One that stands alone or within a word is text.
func (c *compiler) noLongDash(lit *syntax.Lit) error {
	dash, size := utf8.DecodeRuneInString(lit.Value)
	if !strings.ContainsRune(longDashes, dash) {
		return nil
	}
	next, _ := utf8.DecodeRuneInString(lit.Value[size:])
	if !unicode.IsLetter(next) && !unicode.IsDigit(next) && !strings.ContainsRune("-"+longDashes, next) {
		return nil
	}
	return c.refuseAt(c.offset(lit.ValuePos), "long dash",
		fmt.Sprintf("%c is not the dash of an option; use - or --, or quote it if it is meant", dash))
}
