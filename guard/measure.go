package guard

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// measureWhole takes a call to read all of its keys.
func measureWhole(ctx context.Context, c *call) (cost, error) {
	list, err := c.weights(ctx)
	var total cost
	for _, w := range list {
		total.elements += w.elements
		total.bytes += w.bytes
	}
	return total, err
}

// measurePart takes a call to read some elements of its first key, as many as
// its words ask for.
func measurePart(wanted func(argv []string) int64) measure {
	return func(ctx context.Context, c *call) (cost, error) {
		list, err := c.weights(ctx)
		if err != nil || len(list) == 0 {
			return cost{}, err
		}
		n := min(wanted(c.argv), list[0].elements)
		return cost{elements: n, bytes: n * list[0].each()}, nil
	}
}

// wantedNumber reads how many elements the word at a place asks for; without
// one they are otherwise. A negative number may ask for some more than once.
func wantedNumber(place int, otherwise int64) func([]string) int64 {
	return func(argv []string) int64 {
		if place >= len(argv) {
			return otherwise
		}
		return magnitude(argv[place])
	}
}

// everything is more than any collection holds.
const everything = 1 << 62

func magnitude(word string) int64 {
	n, err := strconv.ParseInt(word, 10, 64)
	switch {
	case err != nil:
		return 0 // the server refuses it in its own words
	case n < 0:
		return -max(n, -everything)
	}
	return n
}

// option is a word of a call behind which stands how many elements it wants.
type option struct {
	word   string
	from   int    // the first of the call's words that may be an option
	until  string // options end before this word; empty: at the end
	zero   int64  // how many elements 0 asks for
	absent int64  // and a call without the option
}

// wanted answers how many elements a call asks for. A negative number asks for
// everything. Where the option is repeated one cannot tell which the server
// goes by, so it is the largest.
func (o option) wanted(argv []string) int64 {
	if end := wordAt(argv, o.from, o.until); o.until != "" && end >= 0 {
		argv = argv[:end]
	}
	most := int64(-1)
	for i := o.from; i+1 < len(argv); i++ {
		if strings.EqualFold(argv[i], o.word) {
			most = max(most, o.number(argv[i+1]))
		}
	}
	if most < 0 {
		return o.absent
	}
	return most
}

func (o option) number(word string) int64 {
	n, err := strconv.ParseInt(word, 10, 64)
	switch {
	case err != nil:
		return 0 // the server refuses it in its own words, or it is no option
	case n < 0:
		return everything
	case n == 0:
		return o.zero
	}
	return n
}

// skippedPerElement is how many elements the server passes over in the time in
// which it reads one.
const skippedPerElement = 10

// wantedWithin reads LIMIT with its offset and number, which follow the bounds
// of a range; what is passed over costs time as well. Without LIMIT everything
// is asked for, and with several the most that one of them asks for.
func wantedWithin(argv []string) int64 {
	most := int64(-1)
	for i := 4; i+2 < len(argv); i++ {
		if strings.EqualFold(argv[i], "limit") {
			n := option{}.number(argv[i+2])
			most = max(most, min(n, everything/2)+magnitude(argv[i+1])/skippedPerElement)
		}
	}
	if most < 0 {
		return everything
	}
	return most
}

// measureRepeated is for SRANDMEMBER and its like, whose negative count may
// answer more elements than there are.
func measureRepeated(ctx context.Context, c *call) (cost, error) {
	total, err := measurePart(wantedNumber(2, 1))(ctx, c)
	if len(c.argv) > 2 && strings.HasPrefix(c.argv[2], "-") {
		total.elements = magnitude(c.argv[2])
		if list, err := c.weights(ctx); err == nil && len(list) > 0 {
			total.bytes = total.elements * list[0].each()
		}
	}
	return total, err
}

// measureFields asks for the lengths of the named fields, unless they cannot be
// much.
func measureFields(ctx context.Context, c *call) (cost, error) {
	list, err := c.weights(ctx)
	if err != nil || len(list) == 0 || list[0].bytes <= maxBytes/int64(len(c.argv)) {
		return cost{}, err
	}
	key, fields := c.keys[0].key, c.argv[2:] // one may stand there often
	var total cost
	for part := range slices.Chunk(fields, maxPipeline) {
		var qs []request
		for _, f := range part {
			qs = append(qs, request{[]string{"HSTRLEN", key, f}, key})
		}
		replies, err := c.askAll(ctx, qs)
		if err != nil {
			return cost{}, err
		}
		for _, r := range replies {
			n, _ := r.integer()
			total.bytes += n
		}
	}
	total.elements = int64(len(fields))
	return total, nil
}

// measureBytes is for calls that look at every byte of a string.
func measureBytes(ctx context.Context, c *call) (cost, error) {
	total, err := measureWhole(ctx, c)
	return cost{bytes: total.bytes}, err
}

// measureProduct is for LCS, whose cost is the product of two lengths.
func measureProduct(ctx context.Context, c *call) (cost, error) {
	list, err := c.weights(ctx)
	if err != nil || len(list) != 2 {
		return cost{}, err
	}
	const most = 1 << 20 // pairs of bytes; about a millisecond
	if list[0].bytes > 0 && list[1].bytes > most/list[0].bytes {
		return cost{bytes: maxBytes + 1}, nil
	}
	return cost{}, nil
}

// measureSamples refuses MEMORY USAGE with so many samples that it reads a
// large key whole.
func measureSamples(ctx context.Context, c *call) (cost, error) {
	n := option{word: "samples", from: 3, zero: everything}.wanted(c.argv)
	if n == 0 {
		return cost{}, nil // five
	}
	list, err := c.weights(ctx)
	if err != nil || len(list) == 0 {
		return cost{}, err
	}
	return cost{elements: min(n, list[0].elements)}, nil
}

// measureStreamInfo is for XINFO STREAM, which shows much only if asked to.
func measureStreamInfo(ctx context.Context, c *call) (cost, error) {
	if !hasWord(c.argv, 3, "full") {
		return cost{}, nil
	}
	if (option{word: "count", from: 4, zero: everything}).wanted(c.argv) > maxElements {
		return measureWhole(ctx, c)
	}
	return cost{}, nil // ten entries, if it does not say
}
