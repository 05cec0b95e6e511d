package change

import (
	"encoding/json"
	"fmt"
)

// Position is how far a change is. It stands in the journal as a mark before
// every batch, and at the end.
type Position struct {
	Done   int64  `json:"done"`             // commands carried out, as far as Redis still has them
	Lost   int64  `json:"lost,omitempty"`   // commands beside those that Redis had confirmed, and lost again
	Unsure int64  `json:"unsure,omitempty"` // commands of which nobody can tell whether they were carried out
	Apart  bool   `json:"apart,omitempty"`  // a command without keys comes next
	Parts  []Part `json:"parts,omitempty"`  // the transactions that come next, each a batch of the journal
}

// Part is one transaction.
type Part struct {
	Commands int64  `json:"c"`           // that are complete with it
	Number   int64  `json:"n,omitempty"` // that it notes in Redis; 0: none
	Alters   []byte `json:"a,omitempty"` // a bit for each of its images: whether the key may get another value
}

// ReadPosition reads a mark; ok is false where it is none of a position.
func ReadPosition(mark string) (p Position, ok bool) {
	err := json.Unmarshal([]byte(mark), &p)
	return p, err == nil
}

// Mark is the position as it stands in the journal.
func (p Position) Mark() string {
	text, _ := json.Marshal(p) // numbers alone: it cannot fail
	return string(text)
}

// position answers where the engine is.
func (e *Engine) position() Position { return Position{Done: e.carried - e.lost, Lost: e.lost} }

// before answers where the engine is before a batch.
func (r *run) before(b *batch) Position {
	p := r.position()
	for _, u := range b.units {
		part := Part{Commands: commandsOf(u.steps)}
		if u.marked {
			part.Number = u.number
		}
		for i, f := range u.fates {
			if f.alters {
				part.alters(i)
			}
		}
		p.Parts = append(p.Parts, part)
	}
	return p
}

func (p *Part) alters(i int) {
	for len(p.Alters) <= i/8 {
		p.Alters = append(p.Alters, 0)
	}
	p.Alters[i/8] |= 1 << (i % 8)
}

func (p Part) mayAlter(i int) bool { return i/8 < len(p.Alters) && p.Alters[i/8]&(1<<(i%8)) != 0 }

// commandsOf counts the commands that are complete with steps.
func commandsOf(steps []Step) int64 {
	n := int64(0)
	for _, s := range steps {
		n += s.commands()
	}
	return n
}

// note puts a position into the journal.
func (e *Engine) note(p Position) error {
	if e.Journal == nil {
		return nil
	}
	if err := e.Journal.Mark(p.Mark()); err != nil {
		return fmt.Errorf("note how far the change is: %w", err)
	}
	return nil
}
