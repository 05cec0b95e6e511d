package shell

import (
	"context"
	"io"
	"slices"
	"strings"
)

const (
	// xargsBytes is how many bytes of arguments one call gets at most, unless
	// -n or -L say less; it is what GNU's takes.
	xargsBytes = 128 << 10
	// batchCalls and batchBytes bound what goes to a Batcher at once.
	batchCalls = 512
	batchBytes = 1 << 20
)

const (
	statusXargsFailed  = 123 // a call failed
	statusXargsStopped = 124 // a call answered 255, upon which no more are made
)

// xargs reads arguments from standard input and calls a command with them.
// With no arguments to read it makes no call, as if -r were always given. The
// command's standard input is empty. Calls are made one after another; those
// of a Batcher together, which is faster than -P could be.
func xargs(ctx context.Context, s *scope, inv *invocation) error {
	texts := make([]string, len(inv.fields)-1)
	for i, f := range inv.fields[1:] {
		texts[i] = f.value.text()
	}
	options, rest, err := parseXargs(texts)
	if err != nil {
		return s.fail(inv, 1, "xargs: %s", err)
	}
	template := inv.fields[len(inv.fields)-len(rest):]
	if len(template) == 0 {
		template = []field{{value: plain("echo")}}
	}
	x := &xargsRun{scope: s, options: options, inv: &invocation{
		fields: template, pos: inv.pos, streams: streams{in: emptyReader(), out: inv.out, err: inv.err},
	}}
	defer x.release()
	defer func() { x.ahead.end() }()
	if known, err := x.resolve(); !known {
		return err
	}
	x.items = &itemReader{in: inv.in, options: options}
	s.status = 0
	return x.run(ctx, inv)
}

// xargsRun makes the calls of one xargs.
type xargsRun struct {
	scope   *scope
	options xargsOptions
	inv     *invocation // the template: name and first arguments
	items   *itemReader
	ahead   *lookahead // for a script that items are put into

	batcher Batcher // nil: calls are made one by one
	args    []Arg   // the template's arguments, for the batcher
	waiting [][]Arg // calls for the batcher
	size    int64   // bytes in waiting
	held    int64

	status int
	done   bool // no more calls are to be made
}

// resolve finds the command. Commands that act on the shell they stand in
// have no meaning here.
func (x *xargsRun) resolve() (known bool, err error) {
	if x.inv.fields[0].script != nil { // an alias
		return true, nil
	}
	name := x.inv.name()
	switch name {
	case "read", "exit", "break", "continue":
		return false, x.scope.fail(x.inv, statusUnknown, "xargs: %s acts on the shell itself and cannot be called from here", name)
	}
	if isOwn(name) {
		x.lookAhead(name)
		return true, nil
	}
	cmd, ok := x.scope.lookup(name)
	if !ok && !x.namesVary() {
		return false, x.scope.fail(x.inv, statusUnknown, "xargs: %s: command not found", name)
	}
	if batcher, ok := cmd.(Batcher); ok && !x.namesVary() {
		x.batcher, x.args = batcher, x.inv.args()
	}
	return true, nil
}

// lookAhead has the calls of a script looked at for the items to come.
func (x *xargsRun) lookAhead(name string) {
	if fields := x.inv.fields; name == "sh" && x.options.replace != "" && len(fields) > 2 && fields[2].script != nil {
		x.ahead = x.scope.lookahead(fields[2].script.body, fields[2].script.calls)
	}
}

// namesVary reports whether the command's name depends on the items.
func (x *xargsRun) namesVary() bool {
	r := x.options.replace
	return r != "" && strings.Contains(x.inv.fields[0].value.text(), r)
}

func (x *xargsRun) run(ctx context.Context, own *invocation) error {
	group := &itemGroup{options: x.options}
	for !x.done {
		item, err := x.items.next()
		if err == io.EOF {
			break
		}
		if quote, ok := err.(quoteError); ok {
			if err := x.finish(ctx, group); err != nil {
				return err
			}
			return x.scope.fail(own, 1, "xargs: %s", quote)
		}
		if err != nil {
			return err
		}
		if group.fullBefore(item) {
			if err := x.call(ctx, group.take()); err != nil {
				return err
			}
		}
		if err := x.hold(item.bytes()); err != nil {
			return err
		}
		if group.add(item) {
			if err := x.call(ctx, group.take()); err != nil {
				return err
			}
		}
	}
	err := x.finish(ctx, group)
	x.scope.status = x.status
	return err
}

// finish makes the calls that are left.
func (x *xargsRun) finish(ctx context.Context, group *itemGroup) error {
	if len(group.items) > 0 && !x.done {
		if err := x.call(ctx, group.take()); err != nil {
			return err
		}
	}
	return x.flush(ctx)
}

// call makes one call with items, or has it wait for others.
func (x *xargsRun) call(ctx context.Context, items []part) error {
	if err := x.scope.step(ctx); err != nil {
		return err
	}
	if x.batcher == nil {
		return x.single(ctx, items)
	}
	argv, err := x.filled(items)
	if err != nil {
		return err
	}
	x.waiting = append(x.waiting, argv)
	n := argBytes(argv)
	x.size += n
	if err := x.hold(n); err != nil {
		return err
	}
	if len(x.waiting) >= batchCalls || x.size >= batchBytes {
		return x.flush(ctx)
	}
	return nil
}

// hold charges what items and waiting calls take until the call is made.
func (x *xargsRun) hold(n int64) error {
	x.held += n
	return x.scope.budget.Hold("what xargs holds", n)
}

func argBytes(args []Arg) int64 {
	n := int64(0)
	for _, a := range args {
		n += partBytes + int64(len(a.Text))
		if a.Text != a.Whole {
			n += int64(len(a.Whole))
		}
	}
	return n
}

// flush gives the waiting calls to the batcher.
func (x *xargsRun) flush(ctx context.Context) error {
	if len(x.waiting) == 0 {
		return nil
	}
	argv := x.waiting
	defer x.release()
	call := x.scope.toCall(x.inv, x.inv.name(), nil)
	status, err := x.batcher.RunBatch(ctx, call, argv)
	x.note(status)
	return x.scope.ended(x.inv, x.status, err)
}

// release lets go of the waiting calls.
func (x *xargsRun) release() {
	x.scope.budget.Release(x.held)
	x.waiting, x.size, x.held = nil, 0, 0
}

// filled answers the call's arguments.
func (x *xargsRun) filled(items []part) ([]Arg, error) {
	if x.options.replace == "" {
		argv := make([]Arg, len(x.args), len(x.args)+len(items))
		copy(argv, x.args)
		for _, item := range items {
			argv = append(argv, value{item}.arg())
		}
		return argv, nil
	}
	argv := make([]Arg, len(x.args))
	for i, f := range x.inv.fields[1:] {
		var err error
		if argv[i], err = x.argument(f.value, x.args[i], items[0]); err != nil {
			return nil, err
		}
	}
	return argv, nil
}

// argument answers a template's word with the item in it; as is the word by
// itself.
func (x *xargsRun) argument(word value, as Arg, item part) (Arg, error) {
	if !slices.ContainsFunc(word, x.marked) {
		return as, nil
	}
	if len(word) == 1 && word[0].text == x.options.replace {
		return value{item}.arg(), x.holdTwice(item.bytes() + partBytes)
	}
	v, err := x.replaced(word, item)
	return v.arg(), err
}

// marked reports whether the item goes into a part of the template.
func (x *xargsRun) marked(p part) bool { return !p.key && strings.Contains(p.text, x.options.replace) }

// holdTwice charges what a word takes that the item was put into: as parts, and
// as the argument made from them.
func (x *xargsRun) holdTwice(n int64) error { return x.hold(2 * n) }

// replaced puts the item into a template's word.
func (x *xargsRun) replaced(v value, item part) (value, error) {
	var out value
	for _, p := range v {
		if !x.marked(p) {
			out = append(out, p)
			continue
		}
		swapped, err := swap(p.text, []replacement{{x.options.replace, value{item}}}, x.holdTwice)
		if err != nil {
			return nil, err
		}
		out = append(out, swapped...)
	}
	return out, nil
}

// single makes a call that goes to no batcher.
func (x *xargsRun) single(ctx context.Context, items []part) error {
	inv := *x.inv
	var err error
	switch {
	case x.options.replace == "":
		inv.fields = append([]field(nil), x.inv.fields...)
		for _, item := range items {
			inv.fields = append(inv.fields, field{value: value{item}})
		}
		err = x.scope.call(ctx, &inv)
	case inv.name() == "sh":
		if x.ahead.due() {
			x.ahead.look(ctx, x.itemsToCome(items[0]))
		}
		err = x.scope.script(ctx, &inv, []replacement{{x.options.replace, value{items[0]}}})
	default:
		inv.fields = make([]field, len(x.inv.fields))
		for i, f := range x.inv.fields {
			v, err := x.replaced(f.value, items[0])
			if err != nil {
				return err
			}
			inv.fields[i] = field{value: v, script: f.script}
		}
		err = x.scope.call(ctx, &inv)
	}
	x.note(x.scope.status)
	x.release()
	return err
}

// note takes up a call's status.
func (x *xargsRun) note(status int) {
	switch {
	case status == 0:
	case status == 255:
		x.status, x.done = statusXargsStopped, true
	case status == 126 || status == statusUnknown:
		x.status, x.done = status, true
	case x.status == 0:
		x.status = statusXargsFailed
	}
}
