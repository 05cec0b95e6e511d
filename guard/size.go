package guard

import (
	"context"
	"fmt"
	"slices"
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
