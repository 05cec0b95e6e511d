package guard

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// use is what a command does with a key.
type use struct {
	reads     bool // tells its value, or something about it
	inserts   bool // adds to the value
	updates   bool // may take the place of what is there
	removes   bool // takes something from the value
	deletes   bool // takes the key away
	conserves bool // changes the key, but not its value: EXPIRE
}

// changes reports whether the key is not what it was before.
func (u use) changes() bool { return u.inserts || u.updates || u.removes || u.deletes || u.conserves }

// alters reports whether the key has another value than before, or a first one.
func (u use) alters() bool { return u.inserts || u.updates || u.removes }

// keyUse is a key of a call and what happens to it.
type keyUse struct {
	key string
	use use
}

// keySpec tells where among a command's words keys stand.
type keySpec struct {
	use     use
	unclear bool // the server itself does not say where the keys are

	keyword string // they follow this word, looked for from start on; else they begin at start
	start   int    // counted from the name, which is 0; negative: from the end

	counted bool // the word at count says how many there are
	count   int  // counted: relative to the first; and first is relative to it too
	first   int
	last    int // else: relative to the first, or if negative to the end
	limit   int // with a negative last: only one in limit of the words is a key
	step    int
}

// parseSpecs reads the key specifications of an entry of COMMAND.
func parseSpecs(list reply) []keySpec {
	var specs []keySpec
	for _, e := range list.elems {
		flags, _ := e.field("flags")
		names := flags.strings()
		if slices.Contains(names, "not_key") {
			continue
		}
		s := keySpec{use: parseUse(names), step: 1}
		begin, _ := e.field("begin_search")
		find, _ := e.field("find_keys")
		s.unclear = !s.parseBegin(begin) || !s.parseFind(find)
		specs = append(specs, s)
	}
	return specs
}

func parseUse(flags []string) use {
	has := func(name string) bool { return slices.Contains(flags, name) }
	u := use{
		reads:   has("RO") || has("access"),
		inserts: has("insert"),
		updates: has("update"),
		removes: has("delete") && !has("RM"),
		deletes: has("RM"),
	}
	if !has("RO") && !u.changes() { // undeclared: think the worst
		u.updates, u.removes = true, true
	}
	return u
}

// parseBegin reads where the search begins, and reports whether that is told.
func (s *keySpec) parseBegin(r reply) bool {
	kind, _ := r.field("type")
	spec, _ := r.field("spec")
	switch string(kind.text) {
	case "index":
		s.start = number(spec, "index")
		return true
	case "keyword":
		word, _ := spec.field("keyword")
		s.keyword, s.start = string(word.text), number(spec, "startfrom")
		return true
	}
	return false
}

// parseFind reads which words from there on are keys, and reports whether that
// is told.
func (s *keySpec) parseFind(r reply) bool {
	kind, _ := r.field("type")
	spec, _ := r.field("spec")
	s.step = max(number(spec, "keystep"), 1)
	switch string(kind.text) {
	case "range":
		s.last, s.limit = number(spec, "lastkey"), number(spec, "limit")
		return true
	case "keynum":
		s.counted, s.count, s.first = true, number(spec, "keynumidx"), number(spec, "firstkey")
		return true
	}
	return false
}

func number(r reply, name string) int {
	v, _ := r.field(name)
	n, _ := v.integer()
	return int(n)
}

// legacySpecs makes specs of first key, last key and step, which is all that
// servers before Redis 7 tell. What writes is then taken to do anything.
func legacySpecs(fields []reply, writes bool) []keySpec {
	var n [3]int
	for i, f := range fields {
		v, _ := f.integer()
		n[i] = int(v)
	}
	if n[0] <= 0 {
		return nil
	}
	s := keySpec{use: use{reads: true}, start: n[0], last: n[1], step: max(n[2], 1)}
	if n[1] >= 0 {
		s.last = n[1] - n[0]
	}
	if writes {
		s.use = use{reads: true, updates: true, removes: true}
	}
	return []keySpec{s}
}

// errKeys says that a call's keys cannot be told, since a number among its
// words is none. The server refuses such calls.
var errKeys = errors.New("the number of keys is not clear")

// find answers the places of the keys in argv.
func (s keySpec) find(argv []string) ([]int, error) {
	first, ok := s.begin(argv)
	if !ok || first >= len(argv) {
		return nil, nil
	}
	last := first + s.last
	switch {
	case s.counted:
		return s.findCounted(argv, first)
	case s.last < 0 && s.limit <= 1:
		last = len(argv) + s.last
	case s.last < 0:
		last = first + (len(argv)-first)/s.limit + s.last
	}
	return s.places(first, last, len(argv)), nil
}

func (s keySpec) findCounted(argv []string, at int) ([]int, error) {
	if at+s.count >= len(argv) {
		return nil, errKeys
	}
	n, err := strconv.Atoi(argv[at+s.count])
	if err != nil || n < 0 || n > len(argv) {
		return nil, errKeys
	}
	first := at + s.first
	return s.places(first, first+(n-1)*s.step, len(argv)), nil
}

func (s keySpec) places(first, last, end int) []int {
	last = min(last, end-1)
	if last < first {
		return nil
	}
	list := make([]int, 0, (last-first)/s.step+1)
	for i := first; i <= last; i += s.step {
		list = append(list, i)
	}
	return list
}

// begin answers where the search for keys begins, and whether it does.
func (s keySpec) begin(argv []string) (int, bool) {
	if s.keyword == "" {
		return s.start, true
	}
	at, end, step := s.start, len(argv)-1, 1
	if s.start < 0 {
		at, end, step = len(argv)+s.start, 1, -1
	}
	for i := at; i != end && i > 0 && i < len(argv); i += step {
		if strings.EqualFold(argv[i], s.keyword) {
			return i + 1, true
		}
	}
	return 0, false
}

// keys answers the keys of a call under a rule.
func (c *command) keys(r rule, argv []string) ([]keyUse, error) {
	if r.exact {
		return r.keys, nil
	}
	list := slices.Clone(r.keys)
	for _, s := range c.specs {
		if s.unclear {
			continue
		}
		places, err := s.find(argv)
		if err != nil {
			return nil, err
		}
		u := s.use
		if r.use != nil {
			u = *r.use
		}
		list = slices.Grow(list, len(places))
		for _, i := range places {
			list = append(list, keyUse{argv[i], u})
		}
	}
	return list, nil
}
