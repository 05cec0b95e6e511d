package shadow

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// checkAdd is for ZADD key [NX | XX] [GT | LT] [CH] [INCR] score member …
func checkAdd(c *call) string {
	i := 2
	for i < len(c.argv) && slices.Contains([]string{"nx", "xx", "gt", "lt", "ch", "incr"}, strings.ToLower(c.argv[i])) {
		i++
	}
	members := everyOther(c.argv[min(i+1, len(c.argv)):])
	if len(unique(members)) < len(members) {
		return "it names a member twice"
	}
	for ; i < len(c.argv); i += 2 {
		if !plainFloat(c.argv[i]) {
			return whyFloat
		}
	}
	if hasWord(c.argv[2:], "incr") {
		return "it answers a score that is added to"
	}
	return ""
}

// checkIncrement is for ZINCRBY key increment member.
func checkIncrement(c *call) string {
	score, err := c.library.mini.DB(c.db).ZScore(c.argv[1], c.argv[3])
	if err != nil {
		score = 0
	}
	added, err := strconv.ParseFloat(c.argv[2], 64)
	if err != nil || !sameEverywhere(score+added) {
		return whyScore
	}
	return ""
}

// checkAlgebra is for the options of ZUNION and its like, behind the keys:
// [AGGREGATE SUM | MIN | MAX], and at the end [WITHSCORES].
func checkAlgebra(c *call) string {
	at := 1
	stores := strings.HasSuffix(c.name, "store")
	if stores {
		at = 2
	}
	switch {
	case !c.addable():
		return "it adds scores that are not whole numbers"
	case stores && c.typeOf(c.argv[1]) == typeSet && slices.Contains(c.argv[3:], c.argv[1]):
		return "it replaces the set that it reads"
	}
	options := beyond(at, c.argv)
	for len(options) > 0 {
		switch {
		case strings.EqualFold(options[0], "weights"):
			return "it multiplies scores"
		case strings.EqualFold(options[0], "withscores") && !stores && len(options) == 1:
			return ""
		case strings.EqualFold(options[0], "aggregate") && len(options) > 1:
			options = options[2:]
		default:
			return whyForm
		}
	}
	return ""
}

// maxWhole is up to where sums of whole numbers are exact, whatever their order.
const maxWhole = 1 << 50

// addable reports whether all scores are such that every server adds them alike.
func (c *call) addable() bool {
	for _, key := range c.keys {
		scores, _ := c.library.mini.DB(c.db).SortedSet(key)
		for _, score := range scores {
			if score != math.Trunc(score) || math.Abs(score) > maxWhole {
				return false
			}
		}
	}
	return true
}

// checkLex is for ranges by name, which mean something only where all scores
// are the same.
func checkLex(c *call) string {
	if hasWord(c.argv[4:], "withscores") {
		return whyForm
	}
	if c.typeOf(c.argv[1]) != typeZSet {
		return ""
	}
	scores, err := c.library.mini.DB(c.db).SortedSet(c.argv[1])
	if err != nil {
		return whyForm
	}
	if len(slices.Compact(slices.Sorted(maps.Values(scores)))) > 1 {
		return "it looks at names among several scores"
	}
	return ""
}

// checkZRange is for ZRANGE key start stop [BYSCORE | BYLEX] [REV] [LIMIT n n].
func checkZRange(c *call) string {
	if hasWord(c.argv[4:], "bylex") {
		return checkLex(c)
	}
	for _, bound := range c.argv[2:4] {
		switch _, isInt := integer(bound); {
		case hasWord(c.argv[4:], "byscore"):
			if strictFloat(bound) == notNumber {
				return whyFloat
			}
		case !isInt:
			return whyFloat
		}
	}
	return ""
}

// checkZMPop is for ZMPOP 1 key MIN | MAX [COUNT n].
func checkZMPop(c *call) string {
	if c.argv[1] != "1" {
		return whyForm
	}
	return checkMPop("min", "max")(c)
}

// checkGeoAdd is for GEOADD key longitude latitude member …
func checkGeoAdd(c *call) string {
	words := c.argv[2:]
	if len(words)%3 != 0 {
		return whyForm
	}
	for i, word := range words {
		if i%3 < 2 && !plainFloat(word) {
			return whyFloat
		}
	}
	return ""
}

// checkRange is for the options of ZRANGE and its like, each at most once:
// [BYSCORE | BYLEX] [REV] [LIMIT n n] [WITHSCORES].
func checkRange(c *call) string {
	seen := map[string]bool{}
	for i := 4; i < len(c.argv); i++ {
		option := strings.ToLower(c.argv[i])
		if seen[option] {
			return whyForm
		}
		seen[option] = true
		switch option {
		case "byscore", "bylex", "rev", "withscores":
		case "limit":
			if !integers(c.argv, i+1, i+2) {
				return whyForm
			}
			i += 2
		default:
			return whyForm
		}
	}
	return checkWithScores(c)
}
