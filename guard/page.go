package guard

import (
	"context"
	"hash/maphash"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// pageBytes is about how much one part of a large value holds.
const pageBytes = 256 << 10

// pageElements answers how many elements of a key make a part.
func (w weight) pageElements() int64 {
	return min(max(pageBytes/max(w.each(), 1), 1), 500)
}

// pageHash serves HGETALL, HKEYS and HVALS by HSCAN. What changes meanwhile may
// be seen or not; no field is printed twice.
func pageHash(ctx context.Context, c *call, p *printer) (int, error) {
	w := c.weighed[0]
	name := strings.ToLower(c.argv[0])
	kind, n := byte(arrayReply), int(w.elements)
	if name == "hgetall" {
		n *= 2
		if c.in.protocol == 3 {
			kind = mapReply
		}
	}
	out := p.list(kind, n)
	err := c.scanKey(ctx, "HSCAN", 2, func(pair []reply) error {
		if name != "hvals" {
			if err := out.add(pair[0]); err != nil {
				return err
			}
		}
		if name == "hkeys" {
			return nil
		}
		return out.field(pair[0], pair[1])
	})
	if err != nil {
		return 0, err
	}
	return out.end()
}

// pageSet serves SMEMBERS by SSCAN, under the same terms.
func pageSet(ctx context.Context, c *call, p *printer) (int, error) {
	kind := byte(arrayReply)
	if c.in.protocol == 3 {
		kind = setReply
	}
	out := p.list(kind, int(c.weighed[0].elements))
	err := c.scanKey(ctx, "SSCAN", 1, func(member []reply) error { return out.add(member[0]) })
	if err != nil {
		return 0, err
	}
	return out.end()
}

// scanKey visits the elements of the call's key, each a group of replies.
func (c *call) scanKey(ctx context.Context, name string, group int, visit func([]reply) error) error {
	key, count := c.keys[0].key, c.weighed[0].pageElements()
	seen := newSeen()
	for cursor := "0"; ; {
		r, err := c.ask(ctx, []string{name, key, cursor, "COUNT", strconv.FormatInt(count, 10)}, key)
		if err != nil {
			return err
		}
		switch {
		case r.kind == errorReply: // the key has become something else
			return c.fault(ctx, like(redis.ErrCrossSlot, string(r.text)))
		case len(r.elems) != 2:
			return c.fault(ctx, errMalformed)
		}
		list := r.elems[1].elems
		for i := 0; i+group <= len(list); i += group {
			if !seen.add(list[i].text) {
				continue
			}
			if err := visit(list[i : i+group]); err != nil {
				return err
			}
		}
		if cursor = string(r.elems[0].text); cursor == "0" {
			return nil
		}
	}
}

// seen remembers elements by a hash, up to a bound; beyond it none is taken for
// a repetition. Two different elements are taken for one with a chance of one
// in ten million at the bound.
type seen struct {
	seed   maphash.Seed
	hashes map[uint64]struct{}
}

// maxSeen keeps the memory below 32 MiB.
const maxSeen = 1 << 19

func newSeen() *seen { return &seen{seed: maphash.MakeSeed(), hashes: make(map[uint64]struct{})} }

// add reports whether an element is new.
func (s *seen) add(element []byte) bool {
	h := maphash.Bytes(s.seed, element)
	if _, ok := s.hashes[h]; ok {
		return false
	}
	if len(s.hashes) < maxSeen {
		s.hashes[h] = struct{}{}
	}
	return true
}

// pageRange serves LRANGE, ZRANGE and ZREVRANGE by smaller ranges.
func pageRange(ctx context.Context, c *call, p *printer) (int, error) {
	w := c.weighed[0]
	from, to := span(c.argv[2], c.argv[3], w.elements)
	n := int(to - from)
	if c.in.protocol == 2 && hasWord(c.argv, 4, "withscores") {
		n *= 2
	}
	out := p.list(arrayReply, n)
	for step := w.pageElements(); from < to; from += step {
		argv := append([]string{}, c.argv...)
		argv[2] = strconv.FormatInt(from, 10)
		argv[3] = strconv.FormatInt(min(from+step, to)-1, 10)
		r, err := c.ask(ctx, argv, c.firstKey())
		if err != nil {
			return 0, err
		}
		if !r.aggregate() {
			return p.reply(r)
		}
		for _, e := range r.elems {
			if err := out.add(e); err != nil {
				return 0, err
			}
		}
	}
	return out.end()
}

// pageString serves GET and GETRANGE of a long string by parts.
func pageString(ctx context.Context, c *call, p *printer) (int, error) {
	from, to := int64(0), c.weighed[0].bytes
	if len(c.argv) > 3 {
		from, to = span(c.argv[2], c.argv[3], to)
	}
	out, err := p.text()
	if err != nil {
		return 0, err
	}
	for ; from < to; from += pageBytes {
		last := min(from+pageBytes, to) - 1
		r, err := c.ask(ctx, []string{"GETRANGE", c.firstKey(), strconv.FormatInt(from, 10), strconv.FormatInt(last, 10)}, c.firstKey())
		if err != nil {
			return 0, err
		}
		if r.kind == errorReply {
			return p.reply(r)
		}
		if err := out.add(r.text); err != nil {
			return 0, err
		}
	}
	return out.end()
}
