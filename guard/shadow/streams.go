package shadow

import (
	"regexp"
	"slices"
	"strings"
)

var wholeID = regexp.MustCompile(`^(0|[1-9][0-9]{0,17})-(0|[1-9][0-9]{0,17})$`)

// checkXAdd is for XADD key [NOMKSTREAM] id field value …
func checkXAdd(c *call) string {
	i := 2
	if strings.EqualFold(c.argv[i], "nomkstream") {
		i++
	}
	switch {
	case !wholeID.MatchString(c.argv[i]):
		return whyID
	case len(c.argv)-i-1 < 2 || (len(c.argv)-i-1)%2 != 0:
		return "its fields and values are not pairs"
	}
	return ""
}

// xadd is XADD key [NOMKSTREAM] id field value …
func (c *call) xadd() []byte {
	key, e := c.argv[1], c.entry(c.argv[1])
	id := c.argv[2]
	optional := strings.EqualFold(id, "nomkstream")
	if optional {
		id = c.argv[3]
	}
	t := c.typeOf(key)
	switch {
	case id == "0-0":
		return errorReply("ERR The ID specified in XADD must be greater than 0-0")
	case t != typeNone && t != typeStream:
		return errorReply(wrongType)
	case t == typeNone && optional:
		return nullReply()
	case t == typeStream && !laterID(id, e.last):
		return errorReply("ERR The ID specified in XADD is equal or smaller than the target stream top item")
	}
	reply := c.ask(c.argv...)
	e.exists, e.last = true, id
	return reply
}

// laterID reports whether one whole id comes after another.
func laterID(a, b string) bool {
	timeA, seqA, _ := strings.Cut(a, "-")
	timeB, seqB, _ := strings.Cut(b, "-")
	if timeA == timeB {
		timeA, timeB = seqA, seqB
	}
	return len(timeA) > len(timeB) || len(timeA) == len(timeB) && timeA > timeB
}

// checkXTrim is for XTRIM key MAXLEN | MINID [=] threshold.
func checkXTrim(c *call) string {
	threshold := c.argv[len(c.argv)-1]
	n, isLength := integer(threshold)
	switch exact := len(c.argv) == 5 && c.argv[3] == "="; {
	case len(c.argv) != 4 && !exact:
		return whyAbout
	case strings.EqualFold(c.argv[2], "maxlen") && isLength && n >= 0, strings.EqualFold(c.argv[2], "minid") && wholeID.MatchString(threshold):
		return ""
	}
	return whyForm
}

// checkXDel is for XDEL key id …
func checkXDel(c *call) string {
	if slices.ContainsFunc(c.argv[2:], func(id string) bool { return !wholeID.MatchString(id) }) {
		return whyForm
	}
	return ""
}

// checkXRange is for XRANGE key start end [COUNT n].
func checkXRange(c *call) string {
	if !streamBound(c.argv[2]) || !streamBound(c.argv[3]) {
		return whyForm
	}
	switch {
	case len(c.argv) == 4:
		return ""
	case len(c.argv) == 6 && strings.EqualFold(c.argv[4], "count"):
		return checkCount(c.argv[5], 1)
	}
	return whyForm
}

// streamBound reports whether a word is where a range of ids may begin or end.
func streamBound(word string) bool {
	n, isTime := integer(word)
	return word == "-" || word == "+" || isTime && n >= 0 || wholeID.MatchString(strings.TrimPrefix(word, "("))
}
