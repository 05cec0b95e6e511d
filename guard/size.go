package guard

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// What a call may read at once. DESIGN §4 names the first two.
const (
	maxElements = 5000    // of collections, together
	maxBytes    = 1 << 20 // of values, together
	maxPipeline = 256     // commands in one round trip

	// smallBytes is what a key may take before its elements are counted: five
	// thousand of the smallest take more.
	smallBytes = 8 << 10
)

// sizing bounds what a reading call costs. The zero sizing is for calls that
// cannot cost much.
type sizing struct {
	measure measure
	page    handler // carries out in parts what costs too much; nil where that cannot be
	advice  string  // what to do instead, a sentence; may be empty
	untyped bool    // its keys may be of any type, whatever the command's categories say
}

// measure answers what a call would cost.
type measure func(context.Context, *call) (cost, error)

// cost is what a call makes the server read.
type cost struct{ elements, bytes int64 }

func (c cost) tooMuch() bool { return c.elements > maxElements || c.bytes > maxBytes }

func (c cost) String() string {
	if c.elements > maxElements {
		return fmt.Sprintf("%d elements", c.elements)
	}
	return fmt.Sprintf("about %d KiB", c.bytes>>10)
}

func bounded() sizing { return sizing{} }

func sized(m measure) sizing { return sizing{measure: m} }

func paged(page handler) sizing { return sizing{measure: measureWhole, page: page} }

// unknownSizing is for commands that Helix does not know: they are taken to
// read their keys whole. Those without keys are taken to be figures.
func unknownSizing(c *command) sizing {
	if len(c.specs) == 0 {
		return bounded()
	}
	return sized(measureWhole)
}

// sized carries out a call within its bounds: at once, or in parts.
func (c *call) sized(ctx context.Context, p *printer) (int, error) {
	if r, ok := c.early.take(c); ok {
		c.advise(r)
		return p.reply(r)
	}
	page, err := c.admit(ctx)
	if err != nil {
		return 0, err
	}
	if page != nil {
		return page(ctx, c, p)
	}
	q := c.request()
	r, err := c.ask(ctx, q.args, q.key)
	if err != nil {
		return 0, err
	}
	c.advise(r)
	return p.reply(r)
}

// admit decides how a call runs: nil means at once. What costs too much and
// cannot be read in parts is refused.
func (c *call) admit(ctx context.Context) (page handler, err error) {
	s := c.rule.size
	if s.measure == nil {
		return nil, nil
	}
	total, err := s.measure(ctx, c)
	switch {
	case err != nil:
		return nil, err
	case !total.tooMuch() || c.misfit():
		return nil, nil
	case c.rule.size.page != nil && len(c.keys) == 1: // measuring may have found that it is no use
		return c.rule.size.page, nil
	}
	reason := fmt.Sprintf("it would read %s at once, which would hold the server; up to %d elements and %d KiB are read at once",
		total, maxElements, maxBytes>>10)
	if s.advice != "" {
		reason += ". " + s.advice
	}
	return nil, &Refused{Command: c.cmd.shown(), Reason: reason}
}

// typeGroups are the categories of the commands that take a type.
func typeGroups() map[string][]string {
	return map[string][]string{
		"string": {"string", "bitmap", "hyperloglog"}, "list": {"list"}, "set": {"set"},
		"zset": {"sortedset", "geo"}, "hash": {"hash"}, "stream": {"stream"},
	}
}

// misfit reports whether the call's only key is of a type that its command does
// not take. The server says so at once, however large the key is. Commands that
// count their keys may take more types than their categories say.
func (c *call) misfit() bool {
	if len(c.keys) != 1 || len(c.weighed) != 1 || c.cmd.has("movablekeys") {
		return false
	}
	misfit := false
	for typ, groups := range typeGroups() {
		takes := slices.ContainsFunc(groups, c.cmd.in)
		if takes && typ == c.weighed[0].typ {
			return false
		}
		misfit = misfit || takes
	}
	return misfit && typeGroups()[c.weighed[0].typ] != nil
}

// weight is how large a key is.
type weight struct {
	typ      string // as TYPE answers; "none" for no key
	elements int64  // of a collection; 1 for a string
	bytes    int64  // 0 where the server does not tell and counting says little
}

// each answers the bytes of an element, on average.
func (w weight) each() int64 { return w.bytes / max(w.elements, 1) }

// roughly answers the bytes of a key, reckoned by its elements where the server
// does not tell.
func (w weight) roughly() int64 {
	if w.bytes > 0 {
		return w.bytes
	}
	return w.elements * (maxBytes / maxElements)
}

// weights answers how large the call's keys are. It is asked once.
func (c *call) weights(ctx context.Context) ([]weight, error) {
	if c.weighed != nil || len(c.keys) == 0 {
		return c.weighed, nil
	}
	return c.weighed, weigh(ctx, []*call{c})
}

// weigh asks for the sizes of all keys of several calls by one client.
func weigh(ctx context.Context, calls []*call) error {
	var keys []string
	for _, c := range calls {
		for _, k := range c.keys {
			keys = append(keys, k.key)
		}
	}
	found := make(map[string]weight, len(keys))
	slices.Sort(keys)
	for part := range slices.Chunk(slices.Compact(keys), maxPipeline/2) {
		if err := calls[0].weighKeys(ctx, part, found); err != nil {
			return err
		}
	}
	for _, c := range calls {
		c.take(found)
	}
	return nil
}

// weighKeys asks for type and bytes, and of what is not small for the number of
// elements; also where the server's user may not ask for bytes.
func (c *call) weighKeys(ctx context.Context, keys []string, found map[string]weight) error {
	var qs []request
	for _, k := range keys {
		qs = append(qs, request{[]string{"TYPE", k}, k}, request{[]string{"MEMORY", "USAGE", k}, k})
	}
	replies, err := c.askFor(ctx, qs)
	if err != nil {
		return err
	}
	var large []string
	for i, k := range keys {
		if err := serverFault(replies[2*i]); err != nil {
			c.distrust()
			return c.fault(ctx, err)
		}
		w := weight{typ: string(replies[2*i].text), elements: 1}
		bytes, told := replies[2*i+1].integer()
		w.bytes = bytes
		if w.typ != "none" && (!told || bytes > smallBytes) {
			large = append(large, k)
		}
		found[k] = w
	}
	return c.countElements(ctx, large, found)
}

// counters are the commands that tell the size of a type.
func counters() map[string]string {
	return map[string]string{"string": "STRLEN", "list": "LLEN", "set": "SCARD", "zset": "ZCARD", "hash": "HLEN", "stream": "XLEN"}
}

func (c *call) countElements(ctx context.Context, keys []string, found map[string]weight) error {
	var qs []request
	var asked []string
	for _, k := range keys {
		if counter := counters()[found[k].typ]; counter != "" {
			qs = append(qs, request{[]string{counter, k}, k})
			asked = append(asked, k)
		}
	}
	replies, err := c.askAll(ctx, qs)
	if err != nil {
		return err
	}
	for i, k := range asked {
		w := found[k]
		n, _ := replies[i].integer()
		if w.typ == "string" {
			w.bytes = n
		} else {
			w.elements = n
		}
		found[k] = w
	}
	return nil
}

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
