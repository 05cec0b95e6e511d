package shell

import (
	"context"
	"maps"
)

// outlook goes through a loop's body without running anything, and gathers the
// calls whose arguments can be told: those of literals and of variables that
// the loop, or an assignment of what can be told, sets. It takes every branch,
// so some of the calls may never be made.
type outlook struct {
	*sight
	scope  *scope          // a scratch scope, for the variables
	hidden map[string]bool // variables whose value cannot be told
	unsure bool            // what is gone through may be left out
}

// sight is what the parts of one look share.
type sight struct {
	fetchers map[string]Prefetcher
	calls    []seenCalls
	count    int   // calls seen
	size     int64 // bytes of their arguments
	steps    int   // commands gone through
}

// seenCalls are the calls of one name, in the order of the rounds.
type seenCalls struct {
	name string
	pos  Pos
	argv [][]Arg
}

func newOutlook(scratch *scope, fetchers map[string]Prefetcher) *outlook {
	return &outlook{sight: &sight{fetchers: fetchers}, scope: scratch, hidden: make(map[string]bool)}
}

// full reports whether one look has seen enough.
func (g *sight) full() bool { return g.size >= lookBytes || g.steps >= lookSteps }

func (g *sight) note(name string, pos Pos, args []Arg) {
	g.count++
	g.size += argBytes(args)
	for i := range g.calls {
		if g.calls[i].name == name {
			g.calls[i].argv = append(g.calls[i].argv, args)
			return
		}
	}
	g.calls = append(g.calls, seenCalls{name, pos, [][]Arg{args}})
}

// within goes through statements in a subshell.
func (o *outlook) within(body ...*statement) {
	inner := &outlook{sight: o.sight, scope: o.scope.subshell(), hidden: maps.Clone(o.hidden), unsure: o.unsure}
	defer inner.scope.close()
	inner.list(body)
}

// perhaps goes through statements that may be left out.
func (o *outlook) perhaps(body ...*statement) {
	outside := o.unsure
	o.unsure = true
	o.list(body)
	o.unsure = outside
}

func (o *outlook) list(body []*statement) {
	for _, st := range body {
		o.command(st.command)
	}
}

func (o *outlook) command(cmd command) {
	if o.full() {
		return
	}
	o.steps++
	switch cmd := cmd.(type) {
	case *simple:
		o.simple(cmd)
	case *pipeline:
		for _, stage := range cmd.stages {
			o.within(stage)
		}
	case *andOr:
		o.command(cmd.left.command)
		o.perhaps(cmd.right)
	case *conditional:
		o.list(cmd.cond)
		o.perhaps(cmd.then...)
		o.perhaps(cmd.otherwise...)
	case *whileLoop:
		o.perhaps(cmd.cond...)
		o.perhaps(cmd.do...)
	case *forLoop:
		o.forLoop(cmd)
	case *group:
		o.group(cmd)
	}
}

func (o *outlook) group(cmd *group) {
	if cmd.subshell {
		o.within(cmd.body...)
		return
	}
	o.list(cmd.body)
}

// forLoop goes through every round of a loop whose items can be told.
func (o *outlook) forLoop(cmd *forLoop) {
	fields, release, ok := o.words(cmd.items)
	defer release()
	if !ok {
		o.hidden[cmd.name] = true
		o.perhaps(cmd.do...)
		return
	}
	for _, f := range fields {
		if o.full() {
			return
		}
		o.steps++
		o.set(cmd.name, f.value.compact())
		o.list(cmd.do)
	}
}

func (o *outlook) simple(cmd *simple) {
	for _, a := range cmd.assigns {
		o.assign(a)
	}
	if !o.matters(cmd) {
		o.captures(cmd.words)
		return
	}
	fields, release, ok := o.words(cmd.words)
	defer release()
	if !ok || len(fields) == 0 {
		return
	}
	inv := &invocation{fields: fields, pos: cmd.pos}
	switch name := inv.name(); {
	case name == "read":
		o.hideRead(inv)
	case name == "sh":
		o.script(inv)
	case o.fetchers[name] != nil:
		o.note(name, cmd.pos, inv.args())
	}
}

// matters reports whether a call has to do with what is looked for.
func (o *outlook) matters(cmd *simple) bool {
	if len(cmd.words) == 0 {
		return false
	}
	text, ok := cmd.words[0].literal()
	name := bareName(text)
	return ok && (name == "read" || name == "sh" || o.fetchers[name] != nil)
}

// hideRead hides the variables that a read within the body sets.
func (o *outlook) hideRead(inv *invocation) {
	_, names, _ := readArgs(inv.args())
	for _, name := range names {
		o.hidden[name] = true
	}
}

// script goes through the script of sh -c, which starts with no variables.
func (o *outlook) script(inv *invocation) {
	if len(inv.fields) < 3 || inv.fields[2].script == nil {
		return
	}
	inner := &outlook{sight: o.sight, scope: o.scope.subshell(), hidden: make(map[string]bool), unsure: o.unsure}
	inner.scope.parent = nil
	defer inner.scope.close()
	inner.list(inv.fields[2].script.body)
}

func (o *outlook) assign(a assignment) {
	if a.value != nil && !o.tells(a.value) || o.unsure {
		o.hidden[a.name] = true
		return
	}
	e := o.scope.expansion(o.nowhere())
	defer e.release()
	v, err := e.single(context.Background(), a.value)
	o.weary(e)
	if err != nil {
		o.hidden[a.name] = true
		return
	}
	o.set(a.name, v.compact())
}

// weary counts an expansion by what it took.
func (o *outlook) weary(e *expansion) { o.steps += int((e.held + e.pending) >> 8) }

// set makes a variable's value known.
func (o *outlook) set(name string, v value) {
	delete(o.hidden, name)
	if err := o.scope.set(name, v); err != nil {
		o.hidden[name] = true
	}
}

// anew begins a shell without variables.
func (o *outlook) anew(swaps []replacement) {
	o.scope.close()
	o.scope.parent, o.scope.swaps = nil, swaps
	clear(o.hidden)
}

// readLine does to the scratch scope what read will do with the next line in
// view, and reports whether that line is whole.
func (o *outlook) readLine(reads *simple, view *Reader) bool {
	fields, release, ok := o.words(reads.words)
	defer release()
	if !ok {
		return false
	}
	io := o.nowhere()
	io.in = view
	inv := &invocation{fields: fields, ifs: reads.ifs, pos: reads.pos, streams: io}
	if err := read(context.Background(), o.scope, inv); err != nil || view.err != nil {
		return false
	}
	_, names, _ := readArgs(inv.args())
	for _, name := range names {
		delete(o.hidden, name)
	}
	return true
}

func (o *outlook) nowhere() streams {
	return streams{in: emptyReader(), out: o.scope.null, err: o.scope.null}
}

// words expands words, if all of them can be told, and looks into their
// captures. The fields are charged for until release is called.
func (o *outlook) words(words []*word) (fields []field, release func(), ok bool) {
	e := o.scope.expansion(o.nowhere())
	if !o.captures(words) {
		return nil, e.release, false
	}
	// Nothing in them runs or waits, so there is nothing that ctx could end.
	fields, err := e.words(context.Background(), words)
	o.weary(e)
	return fields, e.release, err == nil
}

// captures looks into the captures of words, and reports whether all of them
// can be told.
func (o *outlook) captures(words []*word) (told bool) {
	told = true
	for _, w := range words {
		told = o.tells(w) && told
	}
	return told
}

// tells reports whether what a word expands to can be told, and looks into its
// captures.
func (o *outlook) tells(w *word) bool {
	told := true
	for _, s := range w.segments {
		switch s := s.(type) {
		case *literal, *positional:
		case *variable:
			told = told && !o.hidden[s.name]
		case *arithmetic:
			told = o.tellsNumber(s.expr) && told
		case *capture:
			o.within(s.body...)
			told = false
		default:
			told = false
		}
	}
	return told
}

func (o *outlook) tellsNumber(x arithExpr) bool {
	switch x := x.(type) {
	case *arithUnary:
		return o.tellsNumber(x.x)
	case *arithBinary:
		left := o.tellsNumber(x.x)
		return o.tellsNumber(x.y) && left
	case *arithChoice:
		cond, yes := o.tellsNumber(x.cond), o.tellsNumber(x.yes)
		return o.tellsNumber(x.no) && cond && yes
	case *arithWord:
		if x.word != nil {
			return o.tells(x.word)
		}
		return !o.hidden[x.name]
	}
	return false
}
