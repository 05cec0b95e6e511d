package text

import (
	"bytes"
	"context"
	"encoding/binary"
	"hash/maphash"
	"math"

	"github.com/helix-collective/helix/shell"
)

func sortTool() *tool {
	return &tool{
		name: "sort", synopsis: "[-n | -h | -g] [-r] [-f] [-b] [-u] [-s] [-t C] [-k FROM[,TO]]…",
		summary: "put lines in order",
		flags: []flag{
			{"n", "numeric-sort", "", "compare as numbers"},
			{"h", "human-numeric-sort", "", "compare sizes such as 900, 1.5K and 2M"},
			{"g", "general-numeric-sort", "", "compare numbers such as 1e3, inf and nan"},
			{"r", "reverse", "", "last first"},
			{"f", "ignore-case", "", "take upper and lower case as equal"},
			{"b", "ignore-leading-blanks", "", "skip blanks before a key"},
			{"u", "unique", "", "only the first of equal lines"},
			{"s", "stable", "", "leave lines with equal keys in their order"},
			{"t", "field-separator", "C", "what separates fields (the change to blanks)"},
			{"k", "key", "FROM[,TO]", "compare this part: field[.character][bfghnr]"},
		},
		notes: "Bytes are compared as they are. What it holds counts against the program's memory;\n" +
			"equal lines are held once.",
		run: runSort,
	}
}

func runSort(ctx context.Context, j *job) (int, error) {
	o, err := newOrder(j)
	if err != nil {
		return 0, err
	}
	s := &sorter{order: o, lines: newArena("sort", j.Budget), seed: maphash.MakeSeed()}
	defer s.lines.free()
	// Copies of a line may be folded unless lines with equal keys must keep
	// their order among different ones.
	s.folding = !o.stable || o.unique || len(o.keys) == 0
	if err := eachLine(ctx, j.Stdin, s.take); err != nil {
		return 0, err
	}
	s.dropTable()
	list, err := s.sorted(ctx)
	if err != nil {
		return 0, err
	}
	return 0, s.write(ctx, j.Stdout, list)
}

// sorter holds the lines of one call of sort.
//
// Equal lines are found through an open hash table of places, as long as that
// saves something: a table that mostly finds new lines is given up, unless all the
// different lines that there seem to be would fit.
type sorter struct {
	*order
	lines   *arena
	folding bool
	seed    maphash.Seed
	table   []ref // place + 1; 0 is free
	taken   int   // lines seen while folding
}

const (
	firstTable = 1 << 10
	worthwhile = 1 << 15 // lines after which the table must have paid off
)

// take stores a line, or counts it if it is held already.
func (s *sorter) take(rec shell.Record) error {
	rec.Open = false
	if !s.folding {
		return s.lines.append(rec)
	}
	s.taken++
	if s.lines.count*2 >= len(s.table) {
		if err := s.growTable(); err != nil {
			return err
		}
	}
	if !s.folding {
		return s.lines.append(rec)
	}
	slot, found := s.find(rec)
	if found {
		return s.again(s.table[slot]-1, rec)
	}
	at, err := s.lines.add(rec)
	s.table[slot] = at + 1
	return err
}

// again counts one more copy of the line at a place.
func (s *sorter) again(at ref, rec shell.Record) error {
	n := s.lines.copies(at)
	count := binary.LittleEndian.Uint32(n)
	if count == math.MaxUint32 {
		return s.lines.append(rec)
	}
	binary.LittleEndian.PutUint32(n, count+1)
	return nil
}

// find answers the slot of rec in the table: where it is, or belongs.
func (s *sorter) find(rec shell.Record) (slot int, found bool) {
	mask := len(s.table) - 1
	for slot = int(maphash.Bytes(s.seed, rec.Text)) & mask; s.table[slot] != 0; slot = (slot + 1) & mask {
		held, _ := s.lines.record(s.table[slot] - 1)
		if same(held, rec) {
			return slot, true
		}
	}
	return slot, false
}

// growTable doubles the table, or gives it up where few lines were copies.
func (s *sorter) growTable() error {
	if s.taken >= worthwhile && !s.pays() {
		s.folding = false
		s.dropTable()
		return nil
	}
	size := max(firstTable, 2*len(s.table))
	s.dropTable()
	if err := s.lines.charge(int64(size) * 4); err != nil {
		return err
	}
	s.table = make([]ref, size)
	return s.lines.walk(0, func(at ref, rec shell.Record) error {
		slot, _ := s.find(rec)
		s.table[slot] = at + 1
		return nil
	})
}

// pays guesses whether looking for copies will have saved memory in the end. Of n
// lines in no order, of N different ones, about n²/2N are copies.
func (s *sorter) pays() bool {
	copies := s.taken - s.lines.count
	if copies > s.taken/4 {
		return true
	}
	different := float64(s.taken) * float64(s.taken) / 2 / float64(copies) // infinite without copies
	each := float64(s.lines.held) / float64(s.lines.count)
	return different*each < float64(s.lines.held+s.lines.budget.Room())
}

func (s *sorter) dropTable() {
	s.lines.refund(int64(len(s.table)) * 4)
	s.table = nil
}

// sorted answers the places of the lines in their order.
func (s *sorter) sorted(ctx context.Context) ([]ref, error) {
	list, err := s.lines.refs()
	if err != nil {
		return nil, err
	}
	spare := (len(list) + 1) / 2
	if err := s.lines.charge(int64(spare) * 4); err != nil {
		return nil, err
	}
	err = mergeSort(ctx, list, make([]ref, spare), func(a, b ref) int {
		x, _ := s.lines.record(a)
		y, _ := s.lines.record(b)
		return s.compare(x, y)
	})
	return list, err
}

// write puts the lines out, copies and all; with -u the first of equals.
func (s *sorter) write(ctx context.Context, w *shell.Writer, list []ref) error {
	var t ticker
	var last shell.Record
	for i, at := range list {
		rec, _ := s.lines.record(at)
		copies := binary.LittleEndian.Uint32(s.lines.copies(at))
		if s.unique {
			if i > 0 && s.byKeys(last, rec) == 0 {
				continue
			}
			copies, last = 1, rec
		}
		for ; copies > 0; copies-- {
			if err := t.tick(ctx); err != nil {
				return err
			}
			if err := w.WriteRecord(rec); err != nil {
				return err
			}
		}
	}
	return nil
}

// smallRun is the length up to which insertion sorts faster than merging.
const smallRun = 12

// mergeSort sorts list, keeping equals in their order. spare must hold half of
// it. The end of ctx stops it with the list half sorted.
func mergeSort(ctx context.Context, list, spare []ref, compare func(a, b ref) int) error {
	if len(list) <= smallRun {
		insertionSort(list, compare)
		return nil
	}
	half := len(list) / 2
	if err := mergeSort(ctx, list[:half], spare, compare); err != nil {
		return err
	}
	if err := mergeSort(ctx, list[half:], spare, compare); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if compare(list[half-1], list[half]) <= 0 {
		return nil
	}
	return merge(ctx, list, spare[:half], compare)
}

func insertionSort(list []ref, compare func(a, b ref) int) {
	for i := 1; i < len(list); i++ {
		for k := i; k > 0 && compare(list[k-1], list[k]) > 0; k-- {
			list[k-1], list[k] = list[k], list[k-1]
		}
	}
}

// merge joins the two sorted halves of list, the first moved out of the way.
func merge(ctx context.Context, list, first []ref, compare func(a, b ref) int) error {
	copy(first, list)
	second := list[len(first):]
	for i := 0; len(first) > 0 && len(second) > 0; i++ {
		if i&0xfff == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if compare(first[0], second[0]) <= 0 {
			list[i], first = first[0], first[1:]
		} else {
			list[i], second = second[0], second[1:]
		}
		if len(second) == 0 {
			copy(list[i+1:], first)
			return nil
		}
	}
	return nil
}

// compare orders two lines: by the keys, then, unless that was ruled out, by
// the whole line and what it stands for.
func (o *order) compare(a, b shell.Record) int {
	if c := o.byKeys(a, b); c != 0 || o.stable || o.unique || len(o.keys) == 0 {
		return c
	}
	return o.turn(byBytes(a, b))
}

// byKeys orders two lines by the keys alone, or as wholes if there are none.
func (o *order) byKeys(a, b shell.Record) int {
	if len(o.keys) == 0 {
		return o.turn(byBytes(a, b))
	}
	for i := range o.keys {
		if c := o.keys[i].compare(a.Text, b.Text); c != 0 {
			return c
		}
	}
	return 0
}

func (o *order) turn(c int) int {
	if o.reverse {
		return -c
	}
	return c
}

func byBytes(a, b shell.Record) int {
	if c := bytes.Compare(a.Text, b.Text); c != 0 {
		return c
	}
	return bytes.Compare(a.Key, b.Key)
}
