package text

import (
	"bytes"
	"cmp"
	"math"
	"strconv"
	"strings"
)

// order is what a call of sort asks for.
type order struct {
	keys    []sortKey
	reverse bool // for whole lines, where the keys leave a tie
	stable  bool
	unique  bool
}

// sortKey is a part of the line and how it compares. Counts start at zero.
type sortKey struct {
	from, to  place
	toEnd     bool // the part ends with the line
	separator int  // a byte, or -1: fields begin with the blanks before them
	sortMethod
}

// place is a point in a line: fields to pass, then characters.
type place struct {
	field, char int
	blanks      bool // pass blanks before the characters
}

// sortMethod is how parts compare.
type sortMethod struct {
	numbers       byte // one of numberKinds, or 0: by bytes
	fold, reverse bool
}

// numberKinds are the ways to compare parts as numbers, which exclude each
// other.
const numberKinds = "ghn"

func newOrder(j *job) (*order, error) {
	o := &order{stable: j.has("s"), unique: j.has("u"), reverse: j.has("r")}
	method := sortMethod{fold: j.has("f"), reverse: o.reverse}
	for i := range numberKinds {
		if kind := numberKinds[i]; j.has(string(kind)) && !method.takeNumbers(kind) {
			return nil, misuse("-%c and -%c cannot go together", method.numbers, kind)
		}
	}
	separator, err := fieldSeparator(j)
	if err != nil {
		return nil, err
	}
	for _, spec := range j.values("k") {
		k, own, ok := parseSortKey(spec)
		if !ok {
			return nil, misuse("the key %q is not FIELD[.CHAR][bfghnr][,FIELD[.CHAR][bfghnr]], with one of g, h and n at most", spec)
		}
		if !own {
			k.sortMethod = method
			k.from.blanks, k.to.blanks = j.has("b"), j.has("b")
		}
		k.separator = separator
		o.keys = append(o.keys, k)
	}
	if len(o.keys) == 0 && (method.numbers != 0 || method.fold || j.has("b")) {
		o.keys = []sortKey{{toEnd: true, separator: separator, sortMethod: method, from: place{blanks: j.has("b")}}}
	}
	return o, nil
}

func fieldSeparator(j *job) (int, error) {
	t, ok := j.value("t")
	switch {
	case !ok:
		return -1, nil
	case t == `\0`:
		return 0, nil
	case len(t) != 1:
		return 0, misuse("the field separator must be a single byte, not %q", t)
	}
	return int(t[0]), nil
}

// parseSortKey reads FROM[,TO]. own says that the key has flags of its own.
func parseSortKey(spec string) (k sortKey, own, ok bool) {
	k.from, spec, ok = parsePlace(spec)
	if !ok || k.from.field == 0 {
		return k, false, false
	}
	k.from.field--
	if k.from.char == 0 {
		return k, false, false
	}
	k.from.char--
	spec, flags := k.flags(spec, &k.from)
	own = flags
	if spec == "" {
		k.toEnd = true
		return k, own, true
	}
	if spec[0] != ',' {
		return k, false, false
	}
	k.to, spec, ok = parsePlace(spec[1:] + "\x00")
	if !ok || k.to.field == 0 {
		return k, false, false
	}
	spec, flags = k.flags(spec, &k.to)
	return k, own || flags, spec == "\x00"
}

// parsePlace reads FIELD[.CHAR]. A missing character is 1, or, at the end of a
// key, 0: the whole field. The end is marked by a zero byte.
func parsePlace(spec string) (p place, rest string, ok bool) {
	atEnd := len(spec) > 0 && spec[len(spec)-1] == 0
	p.field, rest, ok = leadingNumber(spec)
	if !ok {
		return p, spec, false
	}
	if rest == "" || rest[0] != '.' {
		if !atEnd {
			p.char = 1
		}
		return p, rest, true
	}
	p.char, rest, ok = leadingNumber(rest[1:])
	return p, rest, ok
}

func leadingNumber(s string) (n int, rest string, ok bool) {
	end := 0
	for end < len(s) && '0' <= s[end] && s[end] <= '9' {
		end++
	}
	if end == 0 {
		return 0, s, false
	}
	n, err := strconv.Atoi(s[:end])
	if err != nil {
		n = math.MaxInt32
	}
	return min(n, math.MaxInt32), s[end:], true
}

// flags reads the letters behind a place and answers what follows them.
func (k *sortKey) flags(spec string, p *place) (rest string, any bool) {
	for i := 0; i < len(spec); i++ {
		switch spec[i] {
		case 'b':
			p.blanks = true
		case 'f':
			k.fold = true
		case 'g', 'h', 'n':
			if !k.takeNumbers(spec[i]) {
				return spec[i:], true
			}
		case 'r':
			k.reverse = true
		default:
			return spec[i:], i > 0
		}
	}
	return "", spec != ""
}

// takeNumbers has parts compared as numbers of a kind; it is false if that is
// another than before.
func (m *sortMethod) takeNumbers(kind byte) bool {
	if m.numbers != 0 && m.numbers != kind {
		return false
	}
	m.numbers = kind
	return true
}

func (k *sortKey) compare(a, b []byte) int {
	a, b = k.part(a), k.part(b)
	var c int
	switch {
	case k.numbers == 'n':
		c = compareNumbers(a, b)
	case k.numbers == 'h':
		c = compareSizes(a, b)
	case k.numbers == 'g':
		c = compareFloats(a, b)
	case k.fold:
		c = compareFolded(a, b)
	default:
		c = bytes.Compare(a, b)
	}
	if k.reverse {
		return -c
	}
	return c
}

// part answers the key's part of a line.
func (k *sortKey) part(line []byte) []byte {
	start := k.start(line)
	if k.toEnd {
		return line[start:]
	}
	return line[start:max(start, k.end(line))]
}

func (k *sortKey) start(line []byte) int {
	at := 0
	for n := k.from.field; n > 0 && at < len(line); n-- {
		at = k.fieldEnd(line, at)
		if k.separator >= 0 && at < len(line) {
			at++
		}
	}
	if k.from.blanks {
		at = skipBlanks(line, at)
	}
	return min(len(line), at+k.from.char)
}

// end answers where the key's part ends. A character 0 means the field's end.
func (k *sortKey) end(line []byte) int {
	fields := k.to.field - 1
	if k.to.char == 0 {
		fields++
	}
	at := 0
	for n := fields; n > 0 && at < len(line); n-- {
		at = k.fieldEnd(line, at)
		if k.separator >= 0 && at < len(line) && (n > 1 || k.to.char > 0) {
			at++
		}
	}
	if k.to.char == 0 {
		return at
	}
	if k.to.blanks {
		at = skipBlanks(line, at)
	}
	return min(len(line), at+k.to.char)
}

// fieldEnd answers where the field that begins at a place ends.
func (k *sortKey) fieldEnd(line []byte, at int) int {
	if k.separator >= 0 {
		if i := bytes.IndexByte(line[at:], byte(k.separator)); i >= 0 {
			return at + i
		}
		return len(line)
	}
	at = skipBlanks(line, at)
	for at < len(line) && !isBlank(line[at]) {
		at++
	}
	return at
}

func skipBlanks(line []byte, at int) int {
	for at < len(line) && isBlank(line[at]) {
		at++
	}
	return at
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

func compareFolded(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if x, y := upper(a[i]), upper(b[i]); x != y {
			return int(x) - int(y)
		}
	}
	return len(a) - len(b)
}

// units are the letters of sizes, in order; k is taken for K.
const units = "KMGTPEZYRQ"

// compareSizes orders two parts by sign, then by unit, then by number, so that
// 1M comes after 1000K. Zero has no unit.
func compareSizes(a, b []byte) int {
	if c := unitOf(a) - unitOf(b); c != 0 {
		return c
	}
	return compareNumbers(a, b)
}

// unitOf answers the place of a size's unit, below zero for a negative size.
func unitOf(s []byte) int {
	d := leadingDecimal(s)
	if len(d.whole) == 0 && len(d.decimal) == 0 {
		return 0
	}
	rest := bytes.TrimLeft(s[skipBlanks(s, 0):], "-")
	rest = rest[len(digits(rest)):]
	if len(rest) > 0 && rest[0] == '.' {
		rest = rest[1+len(digits(rest[1:])):]
	}
	if len(rest) == 0 {
		return 0
	}
	unit := 1 + strings.IndexByte(units, rest[0])
	if rest[0] == 'k' {
		unit = 1
	}
	if d.negative {
		return -unit
	}
	return unit
}

// compareFloats orders two parts by the floating-point numbers that they begin
// with: what is no number first, then NaN.
func compareFloats(a, b []byte) int {
	x, n := leadingFloat(a)
	y, m := leadingFloat(b)
	if n == 0 || m == 0 {
		return min(n, 1) - min(m, 1)
	}
	return cmp.Compare(x, y)
}

// decimal is a number as it is written, without bounds: its sign, its digits
// before the point from the first that counts, and those behind up to the
// last that counts.
type decimal struct {
	negative       bool
	whole, decimal []byte
}

// compareNumbers orders two parts by the numbers that they begin with; what is
// no number is zero.
func compareNumbers(a, b []byte) int {
	x, y := leadingDecimal(a), leadingDecimal(b)
	if x.negative != y.negative {
		if x.negative {
			return -1
		}
		return 1
	}
	c := len(x.whole) - len(y.whole)
	if c == 0 {
		c = bytes.Compare(x.whole, y.whole)
	}
	if c == 0 {
		c = bytes.Compare(x.decimal, y.decimal)
	}
	if x.negative {
		return -c
	}
	return c
}

func leadingDecimal(s []byte) (d decimal) {
	at := skipBlanks(s, 0)
	if at < len(s) && s[at] == '-' {
		d.negative = true
		at++
	}
	for at < len(s) && s[at] == '0' {
		at++
	}
	d.whole = digits(s[at:])
	at += len(d.whole)
	if at < len(s) && s[at] == '.' {
		d.decimal = bytes.TrimRight(digits(s[at+1:]), "0")
	}
	if len(d.whole) == 0 && len(d.decimal) == 0 {
		d.negative = false
	}
	return d
}

// digits answers the digits that s begins with.
func digits(s []byte) []byte {
	n := 0
	for n < len(s) && '0' <= s[n] && s[n] <= '9' {
		n++
	}
	return s[:n]
}
