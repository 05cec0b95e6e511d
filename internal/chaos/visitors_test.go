package chaos

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// visitor is a back end of one person after the other, who come, are looked at and
// leave.
type visitor struct {
	round, number int
	random        *rand.Rand // what is asked of which instance: the same for a round's number
	client        *http.Client
	services      []func() string // where each instance serves; empty: nowhere now
	lives         []*life
	calls         []*request
}

// visitors is the load on the session service.
type visitors struct {
	all    []*visitor
	leave  chan struct{}
	inside sync.WaitGroup
}

// visitorsEach is how many back ends there are in a round.
const visitorsEach = 2

// newVisitors lets back ends in, which go on until stop.
func newVisitors(w *world, round int) *visitors {
	vs := &visitors{leave: make(chan struct{})}
	for n := range visitorsEach {
		v := &visitor{round: round, number: n, random: rand.New(rand.NewPCG(uint64(round), 90+uint64(n))),
			client: &http.Client{Timeout: unanswered, Transport: &http.Transport{MaxIdleConnsPerHost: 4}}}
		for _, i := range w.instances {
			v.services = append(v.services, i.serves)
		}
		vs.all = append(vs.all, v)
		vs.inside.Go(func() { v.run(vs.leave) })
	}
	return vs
}

// stop waits for the answers to what was asked. It is to be called once.
func (vs *visitors) stop() {
	close(vs.leave)
	vs.inside.Wait()
	for _, v := range vs.all {
		v.client.CloseIdleConnections()
	}
}

func (v *visitor) run(leave <-chan struct{}) {
	for {
		if v.random.IntN(8) == 0 {
			v.crowd(leave)
		} else {
			v.live(leave)
		}
		select {
		case <-leave:
			return
		default:
		}
	}
}

// newLife is somebody who comes from an address of their own.
func (v *visitor) newLife(address string) *life {
	nth := len(v.lives)
	l := &life{user: fmt.Sprintf("chaos-%d-%d-%d", v.round, v.number, nth), address: address}
	if address == "" {
		l.address = fmt.Sprintf("10.%d.%d.%d", v.round%256, 16*v.number+nth/256%16, nth%256)
	}
	v.lives = append(v.lives, l)
	return l
}

// live has somebody come, do this and that, and leave; in between it looks at
// those who have left.
func (v *visitor) live(leave <-chan struct{}) {
	l := v.newLife("")
	steps := []string{creates}
	if v.random.IntN(3) == 0 {
		steps = []string{letsIn, signsIn}
	}
	for range 1 + v.random.IntN(6) {
		steps = append(steps, []string{validates, validates, validates, rotates, signsIn, forges}[v.random.IntN(6)])
	}
	steps = append(steps, destroys, validates, destroys, validates)
	for _, step := range steps {
		v.take(l, step, v.random.IntN(len(v.services)))
		if v.random.IntN(3) == 0 {
			v.take(v.lives[v.random.IntN(len(v.lives))], validates, v.random.IntN(len(v.services)))
		}
		if !v.rests(leave, 20+v.random.IntN(60)) {
			return
		}
	}
}

// mostFromAnAddress is the default of redis.max_sessions_per_ip_per_hour.
const mostFromAnAddress = 20

// crowd has more people come from one address than may.
func (v *visitor) crowd(leave <-chan struct{}) {
	address := fmt.Sprintf("11.%d.%d.%d", v.round%256, v.number, len(v.lives)%256)
	for range mostFromAnAddress + 3 {
		v.take(v.newLife(address), creates, v.random.IntN(len(v.services)))
		if !v.rests(leave, v.random.IntN(10)) {
			return
		}
	}
}

// rests reports whether there is still time to go on after so many ms.
func (v *visitor) rests(leave <-chan struct{}, ms int) bool {
	select {
	case <-leave:
		return false
	case <-time.After(time.Duration(ms) * time.Millisecond):
		return true
	}
}

// take does something for somebody, if there is an instance to ask and a token to
// show.
func (v *visitor) take(l *life, what string, instance int) {
	token := v.shown(l, what)
	path, body := l.asks(what, token)
	url := v.services[instance]()
	if url == "" || token == "" && !isCreation(what) {
		return
	}
	c := &request{life: l, what: what, token: token, instance: instance, began: time.Now()}
	c.answer = v.ask(url, path, body)
	c.ended = time.Now()
	v.calls = append(v.calls, c)
	l.learn(c)
}

// shown answers the token that is shown with a request: where somebody is only looked
// at, sometimes one that has been replaced; empty: there is none, or none is needed.
func (v *visitor) shown(l *life, what string) string {
	old, which, n := v.random.IntN(3) == 0, v.random.Uint64(), uint64(len(l.earlier))
	switch {
	case isCreation(what):
		return ""
	case what == forges:
		return forged(l.token, v.lives)
	case what == validates && n > 0 && old:
		return l.earlier[which%n]
	}
	return l.token
}

// revisit looks at everybody once more, at one instance after the other.
func (v *visitor) revisit() {
	for n, l := range v.lives {
		for _, token := range append(l.earlier[:len(l.earlier):len(l.earlier)], l.token) {
			same := &life{user: l.user, address: l.address, token: token}
			v.take(same, validates, (n+v.number)%len(v.services))
		}
	}
	v.client.CloseIdleConnections()
}

// isServed reports whether somebody can come, be looked at and leave.
func (v *visitor) isServed() bool {
	l := v.newLife("")
	for _, step := range []string{creates, validates, destroys} {
		asked := len(v.calls)
		v.take(l, step, 0)
		if len(v.calls) == asked || v.calls[asked].answer.status != success[step] {
			return false
		}
	}
	return true
}

// asked answers how many requests there were.
func (vs *visitors) asked() (n int) {
	for _, v := range vs.all {
		n += len(v.calls)
	}
	return n
}
