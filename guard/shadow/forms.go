package shadow

import (
	"strings"
)

// Why a form is not predictable.
const (
	whyTooLarge = "the value would become too large to be kept"
	whyScore    = "servers of different versions write one of the scores differently"
	whyFloat    = "one of its numbers has an unusual form"
	whyForm     = "its form is unusual"
	whyID       = "the server chooses an id"
	whyAbout    = "it leaves to the server how much is removed"
)

// both is for a command of which two things are to be checked.
func both(a, b func(*call) string) func(*call) string {
	return func(c *call) string {
		if why := a(c); why != "" {
			return why
		}
		return b(c)
	}
}

// checkOffset is for a word that says where in a string something is written,
// in so many of its units to a byte.
func checkOffset(at int, perByte int64) func(*call) string {
	return func(c *call) string {
		if n, ok := integer(c.argv[at]); ok && n/perByte > maxValueBytes {
			return whyTooLarge
		}
		return ""
	}
}

// checkFloats is for scores and bounds of scores.
func checkFloats(c *call) string {
	for _, i := range c.floats {
		if i < len(c.argv) && oddFloat(c.argv[i]) {
			return whyFloat
		}
	}
	return ""
}

// checkScores is for commands that answer scores of their keys.
func checkScores(c *call) string {
	for _, key := range c.keys {
		if c.typeOf(key) != typeZSet {
			continue
		}
		scores, err := c.library.mini.DB(c.db).SortedSet(key)
		if err != nil {
			return whyScore
		}
		for _, score := range scores {
			if !sameEverywhere(score) {
				return whyScore
			}
		}
	}
	return ""
}

// checkWithScores is for commands that answer scores if asked to.
func checkWithScores(c *call) string {
	if hasWord(c.argv[2:], "withscores") {
		return checkScores(c)
	}
	return ""
}

// hasWord reports whether an option is among the words, in any case.
func hasWord(words []string, option string) bool {
	for _, word := range words {
		if strings.EqualFold(word, option) {
			return true
		}
	}
	return false
}

// checkInts is for commands that look at their key before their numbers.
func checkInts(c *call) string {
	for _, i := range c.ints {
		if i < len(c.argv) && strictInt(c.argv[i]) != c.argv[i] {
			return whyForm
		}
	}
	return ""
}

// checkPopped is for a number of elements at a place, which may be left out.
func checkPopped(c *call) string {
	if len(c.argv) > 3 {
		return whyForm
	}
	if len(c.argv) == 3 {
		return checkCount(c.argv[2], 0)
	}
	return ""
}

// checkCount is for a number that must not be less than another.
func checkCount(word string, least int64) string {
	if n, ok := integer(word); !ok || n < least {
		return whyForm
	}
	return ""
}

// checkSides is for LMOVE source destination LEFT | RIGHT LEFT | RIGHT.
func checkSides(c *call) string {
	for _, side := range c.argv[3:] {
		if !strings.EqualFold(side, "left") && !strings.EqualFold(side, "right") {
			return whyForm
		}
	}
	return ""
}

// checkXRange is for XRANGE key start end [COUNT n].
func checkXRange(c *call) string {
	if len(c.argv) == 4 {
		return ""
	}
	if len(c.argv) != 6 || !strings.EqualFold(c.argv[4], "count") {
		return whyForm
	}
	return checkCount(c.argv[5], 1)
}

// checkNoRange is for commands that are predictable of a whole string.
func checkNoRange(c *call) string {
	if len(c.argv) > 2 {
		return whyForm
	}
	return ""
}
