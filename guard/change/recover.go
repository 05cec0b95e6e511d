package change

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/helix-collective/helix/journal"
)

// Past is the journal of a change that no process carries on. *journal.Reader
// is one.
type Past interface {
	Summary() journal.Summary
	Batch(n int) (journal.Batch, error)
	Marks() ([]string, error)
}

// Found is what became of a change that was interrupted.
type Found struct {
	Position                   // how far it came, as Redis has it now
	States   [][]journal.State // that the last batches left, those of which the journal does not tell

	places []place // where it noted numbers
}

// Recover finds out how far a change came whose process ended in the middle, by
// the number that Redis holds of it, and else by what its keys hold now. A key
// that came to its end by itself meanwhile tells nothing. Forget is to be called
// once what was found is kept.
func Recover(ctx context.Context, o Options, past Past) (Found, error) {
	e := New(o)
	defer func() { e.stop(); e.sessions.close() }()
	r := &recovery{run: &run{Engine: e}, past: past, found: make(map[place]int64)}
	if err := r.read(); err != nil {
		return Found{}, err
	}
	return r.find(ctx)
}

// Forget takes away what Redis holds of a change.
func (f Found) Forget(ctx context.Context, o Options) error {
	for _, at := range f.places {
		client, err := o.Client(at.db)
		if err != nil {
			return err
		}
		if err := client.Unlink(ctx, at.key).Err(); err != nil {
			return fmt.Errorf("forget change %s: %w", o.ID, err)
		}
	}
	return nil
}

// recovery is one change being looked into.
type recovery struct {
	*run
	past   Past
	last   Position        // the last that was noted
	behind []int           // the journal's batches behind it
	made   []pastBatch     // that changed something, by the journal
	places []place         // where the change noted numbers
	found  map[place]int64 // the numbers that stand there
}

// pastBatch is a batch that was made, by the journal.
type pastBatch struct {
	at    int // where it is in the journal
	place place
	part  Part
}

// read goes through the journal once.
func (r *recovery) read() error {
	marks, err := r.past.Marks()
	if err != nil {
		return err
	}
	r.follow(marks)
	for n := range r.past.Summary().Batches {
		b, err := r.past.Batch(n)
		if err == nil {
			err = r.take(n, b)
		}
		if err != nil && !errors.Is(err, journal.ErrDamaged) {
			return err
		}
		r.behind = append(r.behind, n)
		r.follow(b.Marks)
	}
	return nil
}

func (r *recovery) follow(marks []string) {
	for _, m := range marks {
		if p, ok := ReadPosition(m); ok {
			r.last, r.behind = p, nil
		}
	}
}

// next answers what is known of the batch that comes next.
func (r *recovery) next() Part {
	if len(r.behind) < len(r.last.Parts) {
		return r.last.Parts[len(r.behind)]
	}
	return Part{}
}

// take takes in a batch that comes next.
func (r *recovery) take(n int, b journal.Batch) error {
	p := r.next()
	if p.Number == 0 || len(b.Images) == 0 {
		return nil
	}
	at, err := r.placeOfImages(b.Images)
	if err != nil {
		return err
	}
	if _, known := r.found[at]; !known {
		r.places, r.found[at] = append(r.places, at), 0
	}
	if !b.Open() && b.States[0].Deadline != journal.Voided && differs(b.Images, b.States, 0) {
		r.made = append(r.made, pastBatch{n, at, p})
	}
	return nil
}

// placeOfImages answers where a transaction noted its number by what its keys
// held.
func (r *recovery) placeOfImages(images []journal.Image) (place, error) {
	return r.placeOf(images[0].DB, string(images[0].Name))
}

func (r *recovery) find(ctx context.Context) (Found, error) {
	f := Found{Position: Position{Done: r.last.Done, Lost: r.last.Lost, Unsure: r.last.Unsure}, places: r.places}
	for _, at := range r.places {
		n, err := r.markerAt(ctx, at)
		if err != nil {
			return f, err
		}
		r.found[at] = n.number
	}
	if r.last.Apart && len(r.behind) == 0 {
		f.Unsure = 1
	}
	for i, n := range r.behind {
		if err := r.settle(ctx, i, n, &f); err != nil {
			return f, err
		}
	}
	gone, err := r.gone(ctx)
	more := max(gone-f.Lost, 0) // what the change had noticed itself is among what is gone
	f.Done, f.Lost = f.Done-more, f.Lost+more
	return f, err
}

func (r *recovery) markerAt(ctx context.Context, at place) (n note, err error) {
	u := newUnit()
	u.names = []string{at.key}
	err = r.patiently(ctx, at.db, u, func() error {
		n, err = u.session.marker(ctx, at)
		return err
	})
	if u.session != nil {
		r.sessions.give(u.session)
	}
	return n, err
}

// settle finds out about one of the last batches, the i-th behind the last
// position.
func (r *recovery) settle(ctx context.Context, i, n int, f *Found) error {
	b, err := r.past.Batch(n)
	var p Part
	if i < len(r.last.Parts) {
		p = r.last.Parts[i]
	}
	if errors.Is(err, journal.ErrDamaged) {
		f.Unsure += p.Commands
		f.States = append(f.States, nil)
		return nil
	}
	if err != nil {
		return err
	}
	last := i == len(r.behind)-1
	states := b.States
	if b.Open() || r.last.Apart && last {
		if states, err = r.became(ctx, b.Images, p); err != nil {
			return err
		}
	}
	if b.Open() {
		f.States = append(f.States, states)
	}
	switch made := len(states) == 0 || states[0].Deadline != journal.Voided; {
	case made && r.last.Apart && last:
		f.Done++ // the batches of a command without keys are all of one
	case made:
		f.Done += p.Commands
	}
	return nil
}

// became answers what a transaction left, void if it was not made: by the
// number that it would have noted, or else by what its keys hold.
func (r *recovery) became(ctx context.Context, images []journal.Image, p Part) ([]journal.State, error) {
	now, at, err := r.present(ctx, images, p)
	if err != nil || len(images) == 0 {
		return nil, err
	}
	done := differs(images, now, at)
	if p.Number > 0 {
		place, err := r.placeOfImages(images)
		if err != nil {
			return nil, err
		}
		done = r.found[place] >= p.Number
	}
	if !done {
		return slices.Repeat([]journal.State{{Deadline: journal.Voided}}, len(images)), nil
	}
	return now, nil
}

// present answers what stands now in the places of images, and when that is by
// the server's clock.
func (r *recovery) present(ctx context.Context, images []journal.Image, p Part) (states []journal.State, at int64, err error) {
	if len(images) == 0 {
		return nil, 0, nil
	}
	if images[0].Kind != journal.Key {
		states, err = r.parameters(ctx, images)
		return states, 0, err
	}
	u := newUnit()
	for i, image := range images {
		u.names = append(u.names, string(image.Name))
		u.fates = append(u.fates, fated{alters: p.mayAlter(i)})
		u.large = append(u.large, image.Exists && len(image.Content) == 0)
	}
	u.images = images
	err = r.patiently(ctx, images[0].DB, u, func() (err error) {
		states, at, err = u.session.presentStates(ctx, u)
		return err
	})
	if u.session != nil {
		r.sessions.give(u.session)
	}
	for i := range states {
		if !p.mayAlter(i) {
			states[i].Altered, states[i].Sum = false, [16]byte{}
		}
	}
	return states, at, err
}

// parameters answers the values of parameters of the server.
func (r *recovery) parameters(ctx context.Context, images []journal.Image) ([]journal.State, error) {
	client, err := r.Client(0)
	if err != nil {
		return nil, err
	}
	states := make([]journal.State, len(images))
	for i, image := range images {
		values, err := client.ConfigGet(ctx, string(image.Name)).Result()
		if err != nil {
			return nil, err
		}
		states[i] = journal.State{Exists: true, Altered: true, Content: []byte(values[string(image.Name)])}
	}
	return states, nil
}

// gone counts the commands of batches that Redis had confirmed and does not
// have any more: those behind the number that it holds, as far as the keys do
// not tell otherwise.
func (r *recovery) gone(ctx context.Context) (commands int64, err error) {
	behind := make(map[place][]pastBatch)
	for _, b := range r.made {
		if b.part.Number > r.found[b.place] {
			behind[b.place] = append(behind[b.place], b)
		}
	}
	for _, list := range behind {
		if list, err = r.reallyLost(ctx, list); err != nil {
			return 0, err
		}
		for _, b := range list {
			commands += b.part.Commands
		}
	}
	return commands, nil
}

// reallyLost answers the batches, from one on, of whose keys more are as they
// were before than as they were left. A key may be in several batches.
func (r *recovery) reallyLost(ctx context.Context, list []pastBatch) ([]pastBatch, error) {
	var failed error
	first := sort.Search(len(list), func(i int) bool {
		b, err := r.past.Batch(list[i].at)
		var now []journal.State
		var at int64
		if err == nil {
			now, at, err = r.present(ctx, b.Images, list[i].part)
		}
		failed = errors.Join(failed, err)
		return err == nil && mostlyBefore(b, now, at)
	})
	return list[first:], failed
}

func mostlyBefore(b journal.Batch, now []journal.State, at int64) bool {
	before, after := 0, 0
	for i, image := range b.Images {
		left := b.States[i]
		switch {
		case same(image, left, 0): // it tells nothing
		case same(image, now[i], at):
			before++
		case left.Exists == now[i].Exists && near(left.Deadline, now[i].Deadline) && left.Sum == now[i].Sum:
			after++
		}
	}
	return before > after
}
