package embedded

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// defaultCount is how many elements SCAN looks at unless told.
const defaultCount = 10

// smallCollection is what HSCAN and its like answer at once, whatever COUNT
// says: Redis does so for collections that it keeps in one piece.
const smallCollection = 128

// scanOptions are what follows the cursor.
type scanOptions struct {
	cursor uint64
	match  string
	count  int
	kind   string // of TYPE; "" for every type
}

// parseScan reads cursor and options; refusal is the server's words if it
// cannot.
func parseScan(args []string, withType bool) (o scanOptions, refusal string) {
	o = scanOptions{match: "*", count: defaultCount}
	var err error
	if o.cursor, err = strconv.ParseUint(args[0], 10, 64); err != nil {
		return o, "ERR invalid cursor"
	}
	for rest := args[1:]; len(rest) > 0; rest = rest[2:] {
		if len(rest) < 2 {
			return o, syntaxError
		}
		switch option := strings.ToUpper(rest[0]); {
		case option == "MATCH":
			o.match = rest[1]
		case option == "COUNT":
			if o.count, err = strconv.Atoi(rest[1]); err != nil {
				return o, notInteger
			}
			if o.count < 1 {
				return o, syntaxError
			}
		case option == "TYPE" && withType:
			o.kind = strings.ToLower(rest[1])
		default:
			return o, syntaxError
		}
	}
	return o, ""
}

// A cursor is a place in the order of hashes: the elements that hash to it or
// above are yet to come. So it stays right whatever comes and goes meanwhile,
// and names nothing that has to be kept for it.
const hashBits = 48

type hashed struct {
	hash uint64
	name string
}

func inOrder(seed maphash.Seed, names []string) []hashed {
	list := make([]hashed, len(names))
	for i, name := range names {
		list[i] = hashed{maphash.String(seed, name) >> (64 - hashBits), name}
	}
	slices.SortFunc(list, func(a, b hashed) int {
		return cmp.Compare(a.hash, b.hash)
	})
	return list
}

// pageOf answers count elements from the cursor on, if there are as many, and
// the next cursor. Elements of one hash are never parted.
func pageOf(list []hashed, o scanOptions) (names []string, next uint64) {
	from, _ := slices.BinarySearchFunc(list, o.cursor, func(h hashed, c uint64) int { return cmp.Compare(h.hash, c) })
	to := from + min(o.count, len(list)-from)
	for to > from && to < len(list) && list[to].hash == list[to-1].hash {
		to++
	}
	if to < len(list) {
		next = list[to].hash
	}
	for _, h := range list[from:to] {
		names = append(names, h.name)
	}
	return names, next
}

// scans keeps the keys of each database in order, so that not every call has
// to sort them. A scan that begins lists them anew; one that goes on takes the
// latest list, and finds in it every key that existed from its start to then.
type scans struct {
	seed maphash.Seed

	mu   sync.Mutex
	keys map[int][]hashed // by database
}

func newScans() *scans {
	return &scans{seed: maphash.MakeSeed(), keys: make(map[int][]hashed)}
}

func (s *scans) latest(db int, anew bool, list func() []string) []hashed {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys[db] == nil || anew {
		s.keys[db] = inOrder(s.seed, list())
	}
	return s.keys[db]
}

// SCAN cursor [MATCH pattern] [COUNT count] [TYPE type]
func (c *call) scan() {
	o, refusal := parseScan(c.args, true)
	if refusal != "" {
		c.fail(refusal)
		return
	}
	all := c.scans.latest(contextOf(c.peer).db, o.cursor == 0, func() []string { return c.nativeStrings("keys", "*") })
	names, next := pageOf(all, o)
	keys := []string{}
	for _, key := range names {
		if !glob(o.match, key) {
			continue
		}
		if kind := c.typeOf(key); kind != "none" && (o.kind == "" || o.kind == kind) {
			keys = append(keys, key)
		}
	}
	c.scanned(next, keys)
}

func (c *call) scanned(next uint64, texts []string) {
	c.reply(array(str(strconv.FormatUint(next, 10)), strs(texts)))
}

// KEYS pattern
func (c *call) keys() {
	keys := []string{}
	for _, key := range c.nativeStrings("keys", "*") {
		if glob(c.args[0], key) {
			keys = append(keys, key)
		}
	}
	c.reply(strs(keys))
}

// HSCAN key cursor [MATCH pattern] [COUNT count]
func (c *call) hscan() { c.scanInside("hash", "hgetall", c.args[0]) }

// SSCAN key cursor [MATCH pattern] [COUNT count]
func (c *call) sscan() { c.scanInside("set", "smembers", c.args[0]) }

// ZSCAN key cursor [MATCH pattern] [COUNT count]
func (c *call) zscan() { c.scanInside("zset", "zrange", c.args[0], "0", "-1", "withscores") }

// scanInside scans a collection of a type, whose content the words list: by
// members, or by members and what belongs to them in turns.
func (c *call) scanInside(kind string, words ...string) {
	o, refusal := parseScan(c.args[1:], false)
	if refusal != "" {
		c.fail(refusal)
		return
	}
	switch got := c.typeOf(c.args[0]); got {
	case "none", kind:
	default:
		c.fail(wrongType)
		return
	}
	members, belongs := grouped(c.nativeStrings(words...), kind != "set")
	next := uint64(0)
	if len(members) > smallCollection {
		members, next = pageOf(inOrder(c.scans.seed, members), o)
	}
	texts := []string{}
	for _, m := range members {
		if glob(o.match, m) {
			texts = append(texts, belongs[m]...)
		}
	}
	c.scanned(next, texts)
}

// grouped parts the content of a collection into members and what is answered
// for each: itself, or itself and what follows.
func grouped(content []string, inPairs bool) (members []string, belongs map[string][]string) {
	step := 1
	if inPairs {
		step = 2
	}
	belongs = make(map[string][]string, len(content)/step)
	for i := 0; i+step <= len(content); i += step {
		members = append(members, content[i])
		belongs[content[i]] = content[i : i+step]
	}
	return members, belongs
}
