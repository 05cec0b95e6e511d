package guard

import (
	"cmp"
	"sync"

	"github.com/helix-collective/helix/guard/change"
)

// passage hands the steps of calls on, and the replies of calls back, in the
// calls' order: in a Cluster steps are done in another. next and done run side by
// side.
type passage struct {
	making *Making
	mu     sync.Mutex
	calls  func() (c *call, ok bool, err error) // whose steps are yet to come
	steps  []change.Step
	sent   []*underway // calls whose replies are not handed back yet
	told   func(*call, reply) error
}

// underway is a call whose steps have been handed on.
type underway struct {
	call    *call
	open    int      // steps that are not done yet
	parts   []reply  // of those that are
	made    int      // of those, which were carried out
	lost    []string // keys of those that cannot be taken back
	left    bool     // or were left alone
	unknown int      // calls whose replies got lost
}

func (p *passage) next() (change.Step, bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.steps) == 0 {
		c, ok, err := p.calls()
		if !ok || err != nil {
			return change.Step{}, false, err
		}
		p.steps = c.steps()
		u := &underway{call: c, open: len(p.steps)}
		for i := range p.steps {
			p.steps[i].Note, p.steps[i].Part = u, i < len(p.steps)-1
		}
		p.sent = append(p.sent, u)
	}
	s := p.steps[0]
	p.steps = p.steps[1:]
	return s, true, nil
}

func (p *passage) done(d change.Done) error {
	u := d.Step.Note.(*underway)
	r, err := u.note(d)
	if err != nil {
		return err
	}
	if d.Partly {
		p.making.noted(u, r)
		return nil
	}
	u.parts = append(u.parts, r)
	u.open--
	for _, u := range p.answered() {
		r := joined(u.parts)
		p.making.noted(u, r)
		if err := p.told(u.call, r); err != nil {
			return err
		}
	}
	return nil
}

// answered takes out the calls that can be told of.
func (p *passage) answered() []*underway {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(p.sent) && p.sent[n].open == 0 {
		n++
	}
	list := p.sent[:n]
	p.sent = p.sent[n:]
	return list
}

// note takes in what became of a step and answers its reply.
func (u *underway) note(d change.Done) (reply, error) {
	if u.call.each {
		return u.noteEach(d)
	}
	return u.noteOne(d)
}

func (u *underway) noteOne(d change.Done) (reply, error) {
	switch {
	case d.Left:
		u.left = true
		return failure("ERR %s exists now, and overwriting it needs the right destroy", u.call.ShownKey(d.Step.Absent[0])), nil
	case d.Reply == nil:
		u.made, u.unknown, u.lost = u.made+1, 1, append(u.lost, d.Lost...)
		return failure("ERR the reply got lost with the connection; the command was carried out"), nil
	}
	r, err := parseReply(d.Reply)
	if err != nil {
		return reply{}, err
	}
	if h := halted(r); h != nil {
		return r, h
	}
	if r.kind == errorReply {
		return r, serverFault(r)
	}
	u.made, u.lost = u.made+1, append(u.lost, d.Lost...)
	return r, nil
}

// noteEach is note for a sweep.
func (u *underway) noteEach(d change.Done) (reply, error) {
	all := reply{kind: arrayReply, elems: make([]reply, len(d.Replies))}
	var first error
	for i, raw := range d.Replies {
		part := underway{call: u.call}
		r, err := part.noteOne(change.Done{Step: d.Step, Reply: raw})
		all.elems[i], first = r, cmp.Or(first, err)
		u.made, u.unknown = u.made+part.made, u.unknown+part.unknown
	}
	u.lost = append(u.lost, d.Lost...)
	return all, first
}
