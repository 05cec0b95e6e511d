package shadow

import (
	"slices"
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

// checkBounds is for scores and bounds of scores, which the server reads in more
// forms than one.
func checkBounds(c *call) string {
	for _, i := range c.floats {
		if strictFloat(c.argv[i]) == notNumber {
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

// checkMembers is for ZSCORE and ZMSCORE key member …
func checkMembers(c *call) string {
	for _, member := range c.argv[2:] {
		score, err := c.library.mini.DB(c.db).ZScore(c.argv[1], member)
		if err == nil && !sameEverywhere(score) {
			return whyScore
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
	if !integers(c.argv, c.ints...) {
		return whyForm
	}
	return ""
}

// integers reports whether there are integers at all the places.
func integers(argv []string, places ...int) bool {
	return !slices.ContainsFunc(places, func(i int) bool {
		if i >= len(argv) {
			return true
		}
		_, ok := integer(argv[i])
		return !ok
	})
}

// checkPopped is for a number of elements behind the key, which may be left out.
func checkPopped(least int64) func(*call) string {
	return func(c *call) string {
		switch len(c.argv) {
		case 2:
			return ""
		case 3:
			return checkCount(c.argv[2], least)
		}
		return whyForm
	}
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

// checkNoRange is for commands that are predictable of a whole string.
func checkNoRange(c *call) string {
	if len(c.argv) > 2 {
		return whyForm
	}
	return ""
}

// checkNoScore leaves ZRANK key member WITHSCORE to the server: not every one
// knows the last word.
func checkNoScore(c *call) string {
	if len(c.argv) > 3 {
		return whyForm
	}
	return ""
}

// checkLPos is for LPOS key element [RANK n] [COUNT n] [MAXLEN n].
func checkLPos(c *call) string {
	options := c.argv[3:]
	if len(options)%2 != 0 {
		return whyForm
	}
	for pair := range slices.Chunk(options, 2) {
		n, ok := integer(pair[1])
		switch option := strings.ToLower(pair[0]); {
		case ok && option == "rank" && n != 0:
		case ok && (option == "count" || option == "maxlen") && n >= 0:
		default:
			return whyForm
		}
	}
	return ""
}

// checkMPop is for LMPOP and ZMPOP numkeys key … side [COUNT n].
func checkMPop(sides ...string) func(*call) string {
	return func(c *call) string {
		options := beyond(1, c.argv)
		if len(options) == 0 || !slices.Contains(sides, strings.ToLower(options[0])) {
			return whyForm
		}
		switch options = options[1:]; {
		case len(options) == 0:
			return ""
		case len(options) == 2 && strings.EqualFold(options[0], "count"):
			return checkCount(options[1], 1)
		}
		return whyForm
	}
}

// checkLimit is for SINTERCARD numkeys key … [LIMIT n].
func checkLimit(c *call) string {
	switch options := beyond(1, c.argv); {
	case len(options) == 0:
		return ""
	case len(options) == 2 && strings.EqualFold(options[0], "limit"):
		return checkCount(options[1], 0)
	}
	return whyForm
}
