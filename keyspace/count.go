package keyspace

import (
	"bytes"
	"cmp"
	"context"
	"slices"
)

// Count answers how many keys the query means. Like a scan, it does not count a
// key twice.
func (k *Keyspace) Count(ctx context.Context, q Query) (Stats, error) {
	return k.Scan(ctx, q, func([][]byte) error { return nil })
}

// Groups is how many keys each group has. The numbers of all groups, Others and
// Without add up to the keys counted.
type Groups struct {
	Groups  []Group // the largest first; of equal ones, by name
	Others  int64   // keys of groups too small to be listed
	Without int64   // keys that belong to no group
}

// Group is some of the keys.
type Group struct {
	Name   string
	Keys   int64 // at least; exactly if Missed is 0
	Missed int64 // how many more there may be at most, counted among Others
}

// CountBy counts the keys that the query means by what group answers for each:
// a part of the key, as Field does, or anything else; nil is a key that belongs
// to no group. At most limit groups are listed, the largest.
//
// Memory is bounded: it holds at most twice as many groups, and 16 MiB of names.
// When they become more, the smaller half is lumped together and its keys count
// among Others. A group that comes up after that may be one of those, and says
// in Missed how many keys it may have lost. Up to that point all is exact.
func (k *Keyspace) CountBy(ctx context.Context, q Query, group func(key []byte) []byte, limit int) (Groups, Stats, error) {
	c := NewCounter(limit)
	stats, err := k.Scan(ctx, q, func(keys [][]byte) error {
		for _, key := range keys {
			c.Add(group(key))
		}
		return nil
	})
	return c.Groups(), stats, err
}

// Field groups keys by their nth part between separators, from 1, as `cut -d:
// -f3` finds it. Keys with fewer parts belong to no group.
func Field(separator byte, n int) func(key []byte) []byte {
	return func(key []byte) []byte {
		for range n - 1 {
			at := bytes.IndexByte(key, separator)
			if at < 0 {
				return nil
			}
			key = key[at+1:]
		}
		if at := bytes.IndexByte(key, separator); at >= 0 {
			key = key[:at]
		}
		return key
	}
}

// maxNames bounds the bytes of the names of groups.
const maxNames = 16 << 20

// Counter counts groups in bounded memory, as CountBy has it, for those who learn
// the group of a key otherwise than from its name. It is for one goroutine at a
// time.
type Counter struct {
	limit  int
	all    map[string]*Group
	names  int   // bytes
	lost   int64 // the most keys that a group may have which is not held
	others int64
	none   int64
}

// NewCounter answers a Counter that lists at most limit groups.
func NewCounter(limit int) *Counter {
	return &Counter{limit: max(limit, 1), all: make(map[string]*Group)}
}

// Add counts one key of the group of that name; nil is a key of no group.
func (c *Counter) Add(name []byte) {
	if name == nil {
		c.none++
		return
	}
	if g := c.all[string(name)]; g != nil {
		g.Keys++
		return
	}
	for len(c.all) > 0 && (len(c.all) >= 2*c.limit || c.names+len(name) > maxNames) {
		c.lump()
	}
	g := &Group{Name: string(name), Keys: 1, Missed: c.lost}
	c.all[g.Name] = g
	c.names += len(name)
}

// lump forgets the smaller half of the groups.
func (c *Counter) lump() {
	list := c.sorted()
	for _, g := range list[len(list)/2:] {
		c.others += g.Keys
		c.lost = max(c.lost, g.Keys+g.Missed)
		c.names -= len(g.Name)
		delete(c.all, g.Name)
	}
}

func (c *Counter) sorted() []*Group {
	list := make([]*Group, 0, len(c.all))
	for _, g := range c.all {
		list = append(list, g)
	}
	slices.SortFunc(list, func(a, b *Group) int {
		return cmp.Or(cmp.Compare(b.Keys, a.Keys), cmp.Compare(a.Name, b.Name))
	})
	return list
}

// Groups answers what was counted so far.
func (c *Counter) Groups() Groups {
	answer := Groups{Others: c.others, Without: c.none}
	for i, g := range c.sorted() {
		if i < c.limit {
			answer.Groups = append(answer.Groups, *g)
			continue
		}
		answer.Others += g.Keys
	}
	return answer
}
