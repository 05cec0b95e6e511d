package dump

import (
	"bytes"
	"encoding/binary"
	"iter"
	"math"
	"slices"
	"strconv"
)

// The types of the RDB format, named for type and encoding.
const (
	typeString            = 0
	typeList              = 1
	typeSet               = 2
	typeZset              = 3 // scores as text
	typeHash              = 4
	typeZset2             = 5 // scores as binary numbers
	typeListZiplist       = 10
	typeSetIntset         = 11
	typeZsetZiplist       = 12
	typeHashZiplist       = 13
	typeListQuicklist     = 14 // of ziplists
	typeStream            = 15
	typeHashListpack      = 16
	typeZsetListpack      = 17
	typeListQuicklist2    = 18 // of listpacks and large elements
	typeStream2           = 19
	typeSetListpack       = 20
	typeStream3           = 21
	typeHashValkey        = 22 // deadlines of fields, as Valkey writes them
	typeHashDeadlines     = 24
	typeHashListpackUntil = 25 // with deadlines
	typeStream4           = 26
	typeStream5           = 27
)

// Redis and Valkey went apart behind version 11 of the format. Valkey goes on
// from 80, and means something else by the types after 21.
const (
	versionShared = 11
	versionValkey = 80
)

// value takes in a value. It answers false for a type that it does not know.
func (d *digest) value(t byte, version uint16, r *reader) bool {
	switch {
	case t <= typeStream3:
		return d.sharedValue(t, r)
	case version >= versionValkey:
		if t != typeHashValkey {
			return false
		}
		d.fields(hashOf, r.valkeyFields())
	case version > versionShared:
		return d.redisValue(t, r)
	default:
		return false
	}
	return true
}

func (d *digest) sharedValue(t byte, r *reader) bool {
	switch t {
	case typeString:
		d.begin(text)
		d.text(r.string())
	case typeList:
		d.elements(r.texts())
	case typeListZiplist:
		d.elements(ziplist(r.string(), r))
	case typeListQuicklist, typeListQuicklist2:
		d.elements(r.quicklist(t == typeListQuicklist2))
	case typeSet:
		d.members(r.texts())
	case typeSetIntset:
		d.members(intset(r.string(), r))
	case typeSetListpack:
		d.members(listpack(r.string(), r))
	case typeZset, typeZset2:
		d.fields(sortedSet, r.scored(t == typeZset2))
	case typeZsetZiplist:
		d.fields(sortedSet, r.withScores(r.pairs(ziplist(r.string(), r))))
	case typeZsetListpack:
		d.fields(sortedSet, r.withScores(r.pairs(listpack(r.string(), r))))
	case typeHash:
		d.fields(hashOf, r.hashFields())
	case typeHashZiplist:
		d.fields(hashOf, r.pairs(ziplist(r.string(), r)))
	case typeHashListpack:
		d.fields(hashOf, r.pairs(listpack(r.string(), r)))
	case typeStream, typeStream2, typeStream3:
		d.stream(t, r)
	default:
		return false
	}
	return true
}

func (d *digest) redisValue(t byte, r *reader) bool {
	switch t {
	case typeHashDeadlines:
		d.fields(hashOf, r.deadlineFields())
	case typeHashListpackUntil:
		r.take(8) // the earliest deadline, which stands in the listpack as well
		d.fields(hashOf, r.triples(listpack(r.string(), r)))
	case typeStream4, typeStream5:
		d.stream(t, r)
	default:
		return false
	}
	return true
}

// elements takes in a list.
func (d *digest) elements(texts iter.Seq[[]byte]) {
	d.begin(list)
	for element := range texts {
		d.text(element)
	}
}

// members takes in a set.
func (d *digest) members(texts iter.Seq[[]byte]) {
	d.begin(set)
	for _, member := range slices.SortedFunc(texts, bytes.Compare) {
		d.text(member)
	}
}

// field is one of a hash, or a member of a sorted set and its score.
type field struct {
	name, value []byte
	deadline    uint64 // Unix ms; 0: never
}

// fields takes in a hash or a sorted set.
func (d *digest) fields(kind byte, all []field) {
	slices.SortFunc(all, func(a, b field) int { return bytes.Compare(a.name, b.name) })
	d.begin(kind)
	for _, f := range all {
		d.text(f.name)
		d.text(f.value)
		d.number(f.deadline)
	}
}

// Kinds of nodes of a quicklist.
const (
	plainNode  = 1 // one large element
	packedNode = 2
)

// quicklist is a list in nodes: ziplists, or since version 2 listpacks and
// large elements.
func (r *reader) quicklist(second bool) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for range r.times(r.count()) {
			kind, pack := uint64(packedNode), ziplist
			if second {
				kind, pack = r.count(), listpack
			}
			node := r.string()
			if kind == plainNode {
				if r.bad || !yield(node) {
					return
				}
				continue
			}
			for element := range pack(node, r) {
				if !yield(element) {
					return
				}
			}
		}
	}
}

func (r *reader) hashFields() (all []field) {
	for range r.times(r.count()) {
		all = append(all, field{name: r.string(), value: r.string()})
	}
	return all
}

func (r *reader) valkeyFields() (all []field) {
	for range r.times(r.count()) {
		f := field{name: r.string(), value: r.string()}
		if at := r.signed(8); at > 0 {
			f.deadline = uint64(at)
		}
		all = append(all, f)
	}
	return all
}

// deadlineFields reads fields whose deadlines count from the earliest, plus
// one: zero is none.
func (r *reader) deadlineFields() (all []field) {
	earliest := r.little(8)
	for range r.times(r.count()) {
		until := r.count()
		if until > 0 {
			until += earliest - 1
		}
		all = append(all, field{name: r.string(), value: r.string(), deadline: until})
	}
	return all
}

// scored reads members of a sorted set and their scores.
func (r *reader) scored(binaryScores bool) (all []field) {
	for range r.times(r.count()) {
		f := field{name: r.string()}
		if binaryScores {
			f.value = score(math.Float64frombits(r.little(8)))
		} else {
			f.value = r.textScore()
		}
		all = append(all, f)
	}
	return all
}

// Lengths of a score in text that are no lengths.
const (
	scoreNaN      = 253
	scoreInfinite = 254
	scoreMinusInf = 255
)

func (r *reader) textScore() []byte {
	switch n := r.byte(); n {
	case scoreNaN:
		return score(math.NaN())
	case scoreInfinite:
		return score(math.Inf(1))
	case scoreMinusInf:
		return score(math.Inf(-1))
	default:
		return r.parsedScore(r.take(uint64(n)))
	}
}

func (r *reader) withScores(all []field) []field {
	for i := range all {
		all[i].value = r.parsedScore(all[i].value)
	}
	return all
}

func (r *reader) parsedScore(text []byte) []byte {
	f, err := strconv.ParseFloat(string(text), 64)
	if err != nil {
		r.spoil()
	}
	return score(f)
}

// score is the same for equal numbers; a compact encoding keeps no minus zero.
func score(f float64) []byte {
	if f == 0 {
		f = 0
	}
	return binary.LittleEndian.AppendUint64(nil, math.Float64bits(f))
}

// pairs makes fields of names and values in turn.
func (r *reader) pairs(texts iter.Seq[[]byte]) []field { return r.inTurn(2, texts) }

// triples makes fields of names, values and deadlines in turn; 0 is none.
func (r *reader) triples(texts iter.Seq[[]byte]) []field {
	return r.inTurn(3, texts)
}

func (r *reader) inTurn(parts int, texts iter.Seq[[]byte]) (all []field) {
	var part [3][]byte
	n := 0
	for part[n] = range texts {
		if n++; n < parts {
			continue
		}
		n = 0
		f := field{name: part[0], value: part[1]}
		if parts == len(part) {
			f.deadline = r.decimal(part[2])
		}
		all = append(all, f)
	}
	if n > 0 {
		r.spoil()
	}
	return all
}

func (r *reader) decimal(text []byte) uint64 {
	n, err := strconv.ParseUint(string(text), 10, 64)
	if err != nil {
		r.spoil()
	}
	return n
}
