package change

import (
	"errors"
	"slices"
	"strconv"
)

// sweep gathers what becomes of a step that has Each. It is made in parts, as
// many keys at a time as fit.
type sweep struct {
	step    Step
	replies [][]byte // one for each key
	sum     int64    // of the replies to the parts of a step that is Together
	failure []byte   // the first error among these
	unknown bool     // one of these got lost
	lost    []string
	made    []bool // of the keys
	open    int    // keys of which nothing is known yet
}

// begun answers a step whose parts are known for its own.
func (s Step) begun() Step {
	if s.Each && s.of == nil {
		s.of = &sweep{step: s, open: len(s.Keys), made: make([]bool, len(s.Keys))}
		if !s.Together {
			s.of.replies = make([][]byte, len(s.Keys))
		}
	}
	return s
}

// split answers the step for its first keys, and for the rest.
func (s Step) split(first int) (a, b Step) {
	a, b = s, s
	a.Keys, b.Keys, b.from = s.Keys[:first], s.Keys[first:], s.from+first
	return a, b
}

// parts answers the step in parts of so many keys.
func (s Step) parts(most int) []Step {
	list := make([]Step, 0, len(s.Keys)/most+1)
	for len(s.Keys) > most {
		var part Step
		part, s = s.split(most)
		list = append(list, part)
	}
	return append(list, s)
}

// singles answers steps of a single command each.
func singles(steps []Step) []Step {
	var list []Step
	for _, s := range steps {
		if s.Each {
			list = append(list, s.parts(1)...)
		} else {
			list = append(list, s)
		}
	}
	return list
}

// each lists the command for every key, or the one for all.
func (s Step) each() [][]string {
	if s.Together {
		all := make([]string, 1, 1+len(s.Keys))
		all[0] = s.Argv[0]
		for _, k := range s.Keys {
			all = append(all, k.Name)
		}
		return [][]string{all}
	}
	list, words := make([][]string, len(s.Keys)), make([]string, 0, len(s.Keys)*len(s.Argv))
	for i, k := range s.Keys {
		words = append(append(append(words, s.Argv[0]), k.Name), s.Argv[2:]...)
		list[i] = words[len(words)-len(s.Argv) : len(words) : len(words)]
	}
	return list
}

// commands counts the commands that are complete with the step.
func (s Step) commands() int64 {
	switch {
	case s.Part:
		return 0
	case s.Together:
		if s.of != nil && s.from+len(s.Keys) < len(s.of.step.Keys) {
			return 0
		}
		return 1
	case s.Each:
		return int64(len(s.Keys))
	}
	return 1
}

// reportEach takes in what became of the part of a step that a unit made, and
// tells of the step once that is all.
func (r *run) reportEach(u *unit) error {
	s := u.steps[0]
	s.of.take(s, u.replies)
	s.of.lost = append(s.of.lost, u.lost(0)...)
	if !slices.ContainsFunc(u.replies, halting) {
		r.made += s.commands()
		r.carried += s.commands()
	}
	for i := range s.Keys {
		s.of.made[s.from+i] = true
	}
	if s.of.open -= len(s.Keys); s.of.open > 0 {
		r.begun[s.of] = struct{}{}
		return nil
	}
	delete(r.begun, s.of)
	return r.done(s.of.done())
}

// reportBegun tells of steps that have Each and were made in part when the run
// ended. Such as are Together are not: they are one command.
func (r *run) reportBegun() error {
	var errs []error
	for w := range r.begun {
		if !w.step.Together {
			errs = append(errs, r.done(w.part()))
		}
	}
	return errors.Join(errs...)
}

// part answers what became of the keys that were changed, of a step that was not
// made whole.
func (w *sweep) part() Done {
	d := Done{Step: w.step, Lost: w.lost, Partly: true}
	d.Step.Keys = nil
	for i, made := range w.made {
		if made {
			d.Step.Keys, d.Replies = append(d.Step.Keys, w.step.Keys[i]), append(d.Replies, w.replies[i])
		}
	}
	return d
}

// take takes in the replies to a part of the step; none where they got lost.
func (w *sweep) take(part Step, replies [][]byte) {
	switch {
	case !part.Together:
		copy(w.replies[part.from:], replies)
		return
	case len(replies) == 0:
		w.unknown = true
		return
	}
	n, ok := integer(replies[0])
	w.sum += n
	if !ok && w.failure == nil {
		w.failure = replies[0]
	}
}

func (w *sweep) done() Done {
	d := Done{Step: w.step, Lost: w.lost}
	switch {
	case !w.step.Together:
		d.Replies = w.replies
	case w.failure != nil:
		d.Reply = w.failure
	case !w.unknown:
		d.Reply = append(strconv.AppendInt([]byte{':'}, w.sum, 10), "\r\n"...)
	}
	return d
}
