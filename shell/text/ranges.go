package text

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// span is a run of positions, both ends included, counted from one.
type span struct{ from, to int }

// parseRanges reads a list such as 1,3-5,7- and answers its spans in order,
// overlapping ones joined. thing says what is counted, as in "fields".
func parseRanges(list, thing string) ([]span, error) {
	var spans []span
	for _, item := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' }) {
		s, ok := parseSpan(item)
		if !ok {
			return nil, misuse("%q is no list of %s; write it as 1,3-5,7-", list, thing)
		}
		if s.from == 0 {
			return nil, misuse("%s are counted from 1, so %q means none", thing, item)
		}
		if s.to < s.from {
			return nil, misuse("the range %q ends before it begins", item)
		}
		spans = append(spans, s)
	}
	if len(spans) == 0 {
		return nil, misuse("the list of %s is empty", thing)
	}
	return join(spans), nil
}

func parseSpan(item string) (span, bool) {
	first, last, ranged := strings.Cut(item, "-")
	if ranged && first == "" && last == "" {
		return span{}, false
	}
	from, ok := parsePosition(first, 1)
	if !ok {
		return span{}, false
	}
	if !ranged {
		return span{from, from}, true
	}
	to, ok := parsePosition(last, math.MaxInt)
	return span{from, to}, ok
}

// parsePosition reads a number; absent it is missing, and beyond an int it is
// beyond every line.
func parsePosition(s string, missing int) (int, bool) {
	if s == "" {
		return missing, true
	}
	if strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return math.MaxInt, true
	}
	return n, true
}

// join sorts spans and joins those that overlap. Neighbours stay apart: an
// output delimiter stands between them.
func join(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	out := spans[:1]
	for _, s := range spans[1:] {
		if last := &out[len(out)-1]; s.from <= last.to {
			last.to = max(last.to, s.to)
		} else {
			out = append(out, s)
		}
	}
	return out
}

// complement answers the positions that spans leave out.
func complement(spans []span) []span {
	var out []span
	next := 1
	for _, s := range spans {
		if s.from > next {
			out = append(out, span{next, s.from - 1})
		}
		if s.to == math.MaxInt {
			return out
		}
		next = s.to + 1
	}
	return append(out, span{next, math.MaxInt})
}
