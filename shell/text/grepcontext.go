package text

import "github.com/helix-collective/helix/shell"

// surroundings are the lines around those that grep selects.
type surroundings struct {
	before, after int64
	waiting       *backlog // lines that may turn out to stand before a selected one
	owed          int64    // lines behind the last selected one still to be written
	written       int64    // the number of the last line written, 0 for none
}

// newSurroundings reads -A, -B and -C; nil if none was given.
func newSurroundings(j *job) (*surroundings, error) {
	if j.last("A", "B", "C") == "" {
		return nil, nil
	}
	s := &surroundings{waiting: newBacklog("grep", j.Budget)}
	for _, side := range []struct {
		key   string
		lines *int64
	}{{"A", &s.after}, {"B", &s.before}} {
		for _, key := range []string{"C", side.key} { // the particular one wins
			n, given, err := j.lineCount(key)
			if err == nil && given && n < 0 {
				err = misuse("option -%s needs a number of lines, not %d", key, n)
			}
			if err != nil {
				return nil, err
			}
			if given {
				*side.lines = n
			}
		}
	}
	return s, nil
}

func (s *surroundings) free() { s.waiting.free() }

// showsAround answers whether more than the selected lines is to be seen.
func (g *grep) showsAround() bool { return g.around != nil && !g.count && !g.quiet }

// wantsMore answers whether lines behind the last selected one are to come.
func (g *grep) wantsMore() bool { return g.showsAround() && g.around.owed > 0 }

// before writes what stands before a line just selected: a mark where lines
// were left out, and the lines that waited for this.
func (g *grep) before(w *shell.Writer) error {
	s := g.around
	first := g.lines - s.waiting.lines
	if s.written > 0 && first > s.written+1 {
		if _, err := w.WriteString("--\n"); err != nil {
			return err
		}
	}
	number := first
	err := s.waiting.drain(func(rec shell.Record) error {
		number++
		return g.context(w, rec, number-1)
	})
	s.owed, s.written = s.after, g.lines
	return err
}

// passedOver takes a line that was not selected.
func (g *grep) passedOver(w *shell.Writer, rec shell.Record) error {
	s := g.around
	if !g.showsAround() {
		return nil
	}
	if s.owed > 0 {
		s.owed--
		s.written = g.lines
		if err := g.context(w, rec, g.lines); err != nil {
			return err
		}
		if g.selected == g.most && s.owed == 0 {
			return errEnough
		}
		return nil
	}
	if s.before == 0 {
		return nil
	}
	if s.waiting.lines == s.before {
		s.waiting.shift()
	}
	return s.waiting.push(rec)
}

// context writes a line for its neighbour's sake. Where only the parts that
// match are asked for, it has none.
func (g *grep) context(w *shell.Writer, rec shell.Record, number int64) error {
	if g.parts {
		return nil
	}
	return g.writeLine(w, rec, number, '-')
}
