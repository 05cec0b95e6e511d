package change

// divide makes the transactions of a batch.
func (r *run) divide(b *batch) error {
	client, err := r.Client(b.db)
	if err != nil {
		return err
	}
	if isCluster(client) {
		return b.divideBySlot()
	}
	most := perUnit
	if r.Journal == nil {
		most = unwatched
	}
	var u *unit
	for _, s := range b.steps {
		if len(s.Keys) == 0 {
			return errNoKeys
		}
		if s.Each {
			b.divideEach(s, r.most(b, s))
			continue
		}
		if u == nil || len(u.names)+len(s.Keys) > most {
			u = newUnit()
			b.units = append(b.units, u)
		}
		u.add(s)
	}
	return nil
}

// What bounds the keys of one transaction whose keys are not watched: of which
// nothing is kept, and of which only the times are compared.
const (
	unwatched = 500
	timed     = 300
)

// divideEach makes the transactions of a step that has Each.
func (b *batch) divideEach(s Step, most int) {
	for _, part := range s.parts(most) {
		u := newUnit()
		u.add(part)
		b.units = append(b.units, u)
	}
}

// most is how many keys go in one transaction of a step that has Each: fewer
// where others were in the way of many.
func (r *run) most(b *batch, s Step) int {
	most := perUnit
	switch {
	case r.Journal == nil:
		most = unwatched
	case r.scriptable(s) && !r.valued(s):
		most = timed
	}
	return max(most>>(2*b.attempt), 1)
}

func (b *batch) divideBySlot() error {
	b.scattered = true
	bySlot := make(map[int]*unit)
	for _, s := range b.steps {
		if len(s.Keys) == 0 {
			return errNoKeys
		}
		slot := Slot(s.Keys[0].Name)
		u := bySlot[slot]
		if u == nil {
			u = newUnit()
			bySlot[slot], b.units = u, append(b.units, u)
		}
		u.add(s)
	}
	return nil
}

// sendBack keeps steps of no more than maxUnits slots, from the first on.
func (r *run) sendBack(b *batch) []Step {
	slots := make(map[int]bool)
	for i, s := range b.steps {
		slots[Slot(s.Keys[0].Name)] = true
		if len(slots) > maxUnits {
			r.source.giveBack(b.steps[i:]...)
			return b.steps[:i]
		}
	}
	return b.steps
}
