package shell

import (
	"context"
	"time"
)

const (
	firstLook    = 32  // rounds that a loop's first look covers
	nearestLook  = 8   // and fewer than that none
	farthestLook = 512 // nor more than that

	lookBytes = 256 << 10 // of arguments, beyond which a look ends
	lookSteps = 16 << 10  // commands gone through, beyond which a look ends

	// lookTime is how long the rounds of one look should take: what was made
	// ready for later ones is old when it is asked for.
	lookTime = 500 * time.Millisecond
)

// Prefetcher is a Command that can be told which calls are likely to come, so
// that it can make them together.
type Prefetcher interface {
	Command
	// Prefetch may make ready what the calls will ask for. They are those of a
	// loop's coming rounds, in their order, as far as their arguments can be
	// told; call has their name and the place of the first, and streams that
	// lead nowhere. The calls are not certain to come, so it must change
	// nothing. It answers nothing: what it could not make ready is asked for
	// when its turn comes.
	Prefetch(ctx context.Context, call *Call, argv [][]Arg)
}

// lookahead tells commands which calls the coming rounds of one loop make. It
// only ever looks at what has come already, and takes none of it. Where it is
// mistaken, something was made ready in vain and nothing else is different. A
// nil lookahead never looks.
type lookahead struct {
	scope    *scope
	body     []*statement
	fetchers map[string]Prefetcher
	rounds   int       // that the next look covers
	ready    int       // rounds still to come that the last one covered
	looked   time.Time // when that was
	held     int64
	off      bool
}

// coming puts what the next round begins with into an outlook, and reports
// whether there is one that can be told.
type coming func(o *outlook) bool

// lookahead answers what looks ahead for a loop with calls of these names in
// its body.
func (s *scope) lookahead(body []*statement, names []string) *lookahead {
	var l *lookahead
	for _, name := range names {
		cmd, _ := s.lookup(name)
		fetcher, ok := cmd.(Prefetcher)
		if !ok {
			continue
		}
		if l == nil {
			l = &lookahead{scope: s, body: body, fetchers: make(map[string]Prefetcher), rounds: firstLook}
		}
		l.fetchers[name] = fetcher
	}
	return l
}

// due is asked once before each round, and reports whether to look.
func (l *lookahead) due() bool {
	if l == nil || l.off {
		return false
	}
	l.ready--
	return l.ready < 0
}

// look looks at the round that begins and at those after it.
func (l *lookahead) look(ctx context.Context, next coming) {
	l.adapt()
	l.release()
	o := newOutlook(l.scope.scratch(), l.fetchers)
	defer o.scope.close()
	covered := 0
	for covered < l.rounds && !o.full() && next(o) {
		o.list(l.body)
		covered++
	}
	l.ready = covered - 1
	l.fetch(ctx, o)
}

// adapt makes the next look cover more rounds if those of the last were
// through soon, and else fewer.
func (l *lookahead) adapt() {
	now := time.Now()
	switch {
	case l.looked.IsZero():
	case now.Sub(l.looked) > lookTime:
		l.rounds = max(l.rounds/2, nearestLook)
	default:
		l.rounds = min(l.rounds*2, farthestLook)
	}
	l.looked = now
}

// fetch hands on the calls that were seen. One alone is left to its turn. A
// loop without any is not looked at again, nor is one for whose calls there is
// no room.
func (l *lookahead) fetch(ctx context.Context, o *outlook) {
	if o.count == 0 {
		l.off = true
	}
	if o.count < 2 {
		return
	}
	l.held = o.size
	if err := l.scope.ahead.Hold("what loops look ahead", l.held); err != nil {
		l.end()
		return
	}
	for _, seen := range o.calls {
		call := &Call{
			Name: seen.name, Pos: seen.pos, Final: true, Budget: l.scope.ahead,
			Stdin: emptyReader(), Stdout: l.scope.null, Stderr: l.scope.null,
		}
		l.fetchers[seen.name].Prefetch(ctx, call, seen.argv)
	}
}

func (l *lookahead) release() {
	l.scope.ahead.Release(l.held)
	l.held = 0
}

// end gives back what was held, and looks no more.
func (l *lookahead) end() {
	if l != nil {
		l.release()
		l.off = true
	}
}

// linesToCome answers the rounds of a loop over lines: the one whose line was
// read, and those whose lines are at hand in in.
func linesToCome(reads *simple, in *Reader) coming {
	begun, view := false, in.ahead()
	return func(o *outlook) bool {
		if !begun {
			begun = true
			return true
		}
		return o.readLine(reads, view)
	}
}

// fieldsToCome answers the rounds of a loop over fields.
func fieldsToCome(name string, fields []field) coming {
	return func(o *outlook) bool {
		if len(fields) == 0 {
			return false
		}
		o.set(name, fields[0].value.compact())
		fields = fields[1:]
		return true
	}
}

// itemsToCome answers the rounds of xargs over a script: that of first, and
// those of the items that are at hand. Each starts with no variables.
func (x *xargsRun) itemsToCome(first part) coming {
	begun, items, outside := false, x.items.ahead(), x.scope.swaps
	return func(o *outlook) bool {
		p := first
		if begun {
			next, err := items.next()
			if err != nil || items.in.err != nil { // what ends the view may go on
				return false
			}
			p = next.part
		}
		begun = true
		o.anew(append(outside[:len(outside):len(outside)], replacement{x.options.replace, value{p}}))
		return true
	}
}
