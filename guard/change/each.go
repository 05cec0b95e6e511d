package change

import "slices"

// sweep gathers what becomes of a step that has Each. It is made in parts, as
// many keys at a time as fit.
type sweep struct {
	step    Step
	replies [][]byte // one for each key
	lost    []string
	open    int // keys of which nothing is known yet
}

// begun answers a step whose parts are known for its own.
func (s Step) begun() Step {
	if s.Each && s.of == nil {
		s.of = &sweep{step: s, replies: make([][]byte, len(s.Keys)), open: len(s.Keys)}
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

// each lists the command for every key.
func (s Step) each() [][]string {
	list, words := make([][]string, len(s.Keys)), make([]string, 0, len(s.Keys)*len(s.Argv))
	for i, k := range s.Keys {
		words = append(append(append(words, s.Argv[0]), k.Name), s.Argv[2:]...)
		list[i] = words[len(words)-len(s.Argv) : len(words) : len(words)]
	}
	return list
}

// count is how many commands the step stands for.
func (s Step) count() int {
	if s.Each {
		return len(s.Keys)
	}
	return 1
}

// commands counts the commands that are complete with the step.
func (s Step) commands() int64 {
	if s.Part {
		return 0
	}
	return int64(s.count())
}

// reportEach takes in what became of the part of a step that a unit made, and
// tells of the step once that is all.
func (r *run) reportEach(u *unit) error {
	s := u.steps[0]
	copy(s.of.replies[s.from:], u.replies)
	halted := slices.ContainsFunc(u.replies, halting)
	if !halted {
		r.made += s.commands()
		r.carried += s.commands()
	}
	s.of.lost = append(s.of.lost, u.lost(0)...)
	if s.of.open -= len(s.Keys); s.of.open > 0 {
		return nil
	}
	return r.done(Done{Step: s.of.step, Replies: s.of.replies, Lost: s.of.lost})
}
