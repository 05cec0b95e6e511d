package shell

import (
	"fmt"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// This file and words.go are the whitelist: every node that the parser may
// answer either has a case here that looks at all of its fields, or is refused.

func (c *compiler) statements(list []*syntax.Stmt) ([]*statement, error) {
	out := make([]*statement, 0, len(list))
	for _, s := range list {
		compiled, err := c.statement(s)
		if err != nil {
			return nil, err
		}
		out = append(out, compiled)
	}
	return out, nil
}

func (c *compiler) statement(s *syntax.Stmt) (*statement, error) {
	leave, err := c.enter(s.Pos())
	if err != nil {
		return nil, err
	}
	defer leave()
	switch {
	case s.Background:
		return nil, c.refuse(s.Semicolon, "a background job (&)")
	case s.Coprocess:
		return nil, c.refuse(s.Semicolon, "a coprocess (|&)")
	case s.Disown:
		return nil, c.refuse(s.Semicolon, "a disowned job (&|)")
	case s.Cmd == nil:
		return nil, c.refuse(s.Pos(), "a redirection without a command")
	}
	redirs, err := c.redirects(s.Redirs)
	if err != nil {
		return nil, err
	}
	compiled, err := c.command(s.Cmd)
	if err != nil {
		return nil, err
	}
	return &statement{command: compiled, negated: s.Negated, redirs: redirs}, nil
}

func (c *compiler) command(cmd syntax.Command) (command, error) {
	switch cmd := cmd.(type) {
	case *syntax.CallExpr:
		return c.simple(cmd)
	case *syntax.BinaryCmd:
		return c.binary(cmd)
	case *syntax.IfClause:
		return c.conditional(cmd)
	case *syntax.WhileClause:
		return c.whileLoop(cmd)
	case *syntax.ForClause:
		return c.forLoop(cmd)
	case *syntax.Block:
		body, err := c.statements(cmd.Stmts)
		return &group{body: body}, err
	case *syntax.Subshell:
		body, err := c.statements(cmd.Stmts)
		return &group{subshell: true, body: body}, err
	}
	return nil, c.refuse(cmd.Pos(), constructName(cmd))
}

// constructName names what the language has no place for, as people call it.
func constructName(node syntax.Node) string {
	switch node := node.(type) {
	case *syntax.FuncDecl:
		return "a function"
	case *syntax.CaseClause:
		return "case"
	case *syntax.ArithmCmd:
		return "the command ((…))"
	case *syntax.TestClause:
		return "[[ … ]]"
	case *syntax.DeclClause:
		return node.Variant.Value
	case *syntax.LetClause:
		return "let"
	case *syntax.TimeClause:
		return "time"
	case *syntax.CoprocClause:
		return "a coprocess"
	case *syntax.ProcSubst:
		return "process substitution"
	case *syntax.ExtGlob:
		return "an extended glob"
	}
	name := strings.TrimPrefix(fmt.Sprintf("%T", node), "*syntax.")
	return "the construct " + name
}

func (c *compiler) binary(b *syntax.BinaryCmd) (command, error) {
	switch b.Op {
	case syntax.Pipe:
		return c.pipeline(b)
	case syntax.AndStmt, syntax.OrStmt:
		left, err := c.statement(b.X)
		if err != nil {
			return nil, err
		}
		right, err := c.statement(b.Y)
		return &andOr{and: b.Op == syntax.AndStmt, left: left, right: right}, err
	case syntax.PipeAll:
		return nil, c.refuseWith(b.OpPos, "|&", "|& is not part of this shell; write 2>&1 |")
	}
	return nil, c.refuse(b.OpPos, b.Op.String())
}

// pipeline flattens a | b | c, which the parser nests.
func (c *compiler) pipeline(b *syntax.BinaryCmd) (command, error) {
	stages := pipeStages(nil, b)
	if len(stages) > maxStages {
		return nil, c.refuseWith(b.OpPos, "", fmt.Sprintf("a pipeline is limited to %d commands", maxStages))
	}
	compiled, err := c.statements(stages)
	return &pipeline{compiled}, err
}

func pipeStages(stages []*syntax.Stmt, b *syntax.BinaryCmd) []*syntax.Stmt {
	for _, side := range []*syntax.Stmt{b.X, b.Y} {
		inner, ok := side.Cmd.(*syntax.BinaryCmd)
		if ok && inner.Op == syntax.Pipe && !side.Negated && len(side.Redirs) == 0 {
			stages = pipeStages(stages, inner)
		} else {
			stages = append(stages, side)
		}
	}
	return stages
}

func (c *compiler) conditional(clause *syntax.IfClause) (command, error) {
	leave, err := c.enter(clause.Pos())
	if err != nil {
		return nil, err
	}
	defer leave()
	cond, err := c.statements(clause.Cond)
	if err != nil {
		return nil, err
	}
	then, err := c.statements(clause.Then)
	if err != nil || clause.Else == nil {
		return &conditional{cond: cond, then: then}, err
	}
	otherwise, err := c.otherwise(clause.Else)
	return &conditional{cond: cond, then: then, otherwise: otherwise}, err
}

// otherwise compiles elif, or else, which the parser marks by its lack of then.
func (c *compiler) otherwise(clause *syntax.IfClause) ([]*statement, error) {
	if !clause.ThenPos.IsValid() {
		return c.statements(clause.Then)
	}
	nested, err := c.conditional(clause)
	return []*statement{{command: nested}}, err
}

func (c *compiler) whileLoop(clause *syntax.WhileClause) (command, error) {
	cond, err := c.statements(clause.Cond)
	if err != nil {
		return nil, err
	}
	do, calls, err := c.body(clause.Do)
	return &whileLoop{until: clause.Until, cond: cond, do: do, reads: readIn(cond), calls: calls}, err
}

// body compiles a loop's body and answers the names of the calls in it.
func (c *compiler) body(list []*syntax.Stmt) (do []*statement, calls []string, err error) {
	before := len(c.calls)
	do, err = c.statements(list)
	return do, calledNames(c.calls[before:]), err
}

// readIn answers the read that a loop's condition begins with, if it is written
// out and nothing is redirected.
func readIn(cond []*statement) *simple {
	first := cond[0]
	for {
		lists, ok := first.command.(*andOr)
		if !ok || len(first.redirs) > 0 {
			break
		}
		first = lists.left
	}
	call, ok := first.command.(*simple)
	if !ok || len(call.words) == 0 || len(first.redirs) > 0 {
		return nil
	}
	for i, w := range call.words {
		text, ok := w.literal()
		if !ok || i == 0 && bareName(text) != "read" {
			return nil
		}
	}
	return call
}

func (c *compiler) forLoop(clause *syntax.ForClause) (command, error) {
	iter, ok := clause.Loop.(*syntax.WordIter)
	switch {
	case clause.Select:
		return nil, c.refuse(clause.ForPos, "select")
	case clause.Braces:
		return nil, c.refuse(clause.DoPos, "for with braces")
	case !ok:
		return nil, c.refuse(clause.ForPos, "for ((…))")
	case !iter.InPos.IsValid():
		return nil, c.refuseWith(clause.ForPos, "for without in", "for needs a list: for "+iter.Name.Value+" in …")
	}
	if err := c.mayAssign(iter.Name); err != nil {
		return nil, err
	}
	items, err := c.words(iter.Items)
	if err != nil {
		return nil, err
	}
	do, calls, err := c.body(clause.Do)
	return &forLoop{name: iter.Name.Value, items: items, do: do, calls: calls}, err
}

func (c *compiler) redirects(list []*syntax.Redirect) ([]redirect, error) {
	var out []redirect
	for _, r := range list {
		compiled, err := c.redirect(r)
		if err != nil {
			return nil, err
		}
		out = append(out, compiled)
	}
	return out, nil
}

// redirect accepts /dev/null and joining the two outputs; there are no files.
func (c *compiler) redirect(r *syntax.Redirect) (redirect, error) {
	if r.Hdoc != nil || r.Op == syntax.Hdoc || r.Op == syntax.DashHdoc {
		return redirect{}, c.refuse(r.OpPos, "a here-document")
	}
	if r.Op == syntax.WordHdoc {
		return redirect{}, c.refuseWith(r.OpPos, "a here-string", "a here-string is not part of this shell; write echo … |")
	}
	descriptor := ""
	if r.N != nil {
		descriptor = r.N.Value
	}
	switch descriptor + r.Op.String() + wordSource(r.Word) {
	case "</dev/null", "0</dev/null":
		return redirect{input, nowhere}, nil
	case ">/dev/null", "1>/dev/null", ">>/dev/null", "1>>/dev/null":
		return redirect{output, nowhere}, nil
	case "2>/dev/null", "2>>/dev/null":
		return redirect{failure, nowhere}, nil
	case "&>/dev/null", "&>>/dev/null":
		return redirect{both, nowhere}, nil
	case "2>&1":
		return redirect{failure, output}, nil
	case ">&2", "1>&2":
		return redirect{output, failure}, nil
	}
	return redirect{}, c.refuseWith(r.OpPos, "a redirection to a file",
		"there are no files here: only /dev/null, 2>&1 and >&2 can be redirected to")
}

// wordSource answers a word's text if it is one unquoted literal.
func wordSource(w *syntax.Word) string {
	if w == nil {
		return ""
	}
	return w.Lit()
}

// simple compiles assignments or a call, but not both at once, since a call's
// environment has no meaning here. IFS=… read … is the one exception.
func (c *compiler) simple(call *syntax.CallExpr) (command, error) {
	if len(call.Args) == 0 {
		return c.assignments(call)
	}
	words, err := c.words(call.Args)
	if err != nil {
		return nil, err
	}
	out := &simple{words: words, pos: c.pos(call.Args[0].Pos())}
	if len(call.Assigns) > 0 {
		if out.ifs, err = c.separators(call, words[0]); err != nil {
			return nil, err
		}
	}
	return out, c.noteCalls(words, false)
}

func (c *compiler) assignments(call *syntax.CallExpr) (command, error) {
	out := &simple{pos: c.pos(call.Pos())}
	for _, a := range call.Assigns {
		if err := c.plainAssign(a); err != nil {
			return nil, err
		}
		if err := c.mayAssign(a.Name); err != nil {
			return nil, err
		}
		value, err := c.assigned(a)
		if err != nil {
			return nil, err
		}
		out.assigns = append(out.assigns, assignment{a.Name.Value, value})
	}
	return out, nil
}

func (c *compiler) plainAssign(a *syntax.Assign) error {
	switch {
	case a.Array != nil || a.Index != nil:
		return c.refuse(a.Pos(), "an array")
	case a.Append:
		return c.refuseWith(a.Pos(), "+=", "+= is not part of this shell; write x=\"$x…\"")
	case a.Naked || a.Name == nil:
		return c.refuse(a.Pos(), "a declaration")
	}
	return nil
}

func (c *compiler) assigned(a *syntax.Assign) (*word, error) {
	if a.Value == nil {
		return nil, nil
	}
	return c.word(a.Value)
}

func (c *compiler) mayAssign(name *syntax.Lit) error {
	if name.Value == "IFS" {
		return c.refuseWith(name.Pos(), "IFS", "IFS can only be set for one read: IFS=, read …")
	}
	return nil
}

// separators answers what IFS=… read … splits at.
func (c *compiler) separators(call *syntax.CallExpr, name *word) (*string, error) {
	first := call.Assigns[0]
	if err := c.plainAssign(first); err != nil {
		return nil, err
	}
	called, _ := name.literal()
	if len(call.Assigns) != 1 || first.Name.Value != "IFS" || bareName(called) != "read" {
		return nil, c.refuseWith(first.Pos(), "an assignment before a command",
			"an assignment cannot stand before a command; end it with ;")
	}
	value, err := c.assigned(first)
	if err != nil || value == nil {
		return new(string), err
	}
	text, ok := value.literal()
	if !ok {
		return nil, c.refuseWith(first.Pos(), "IFS", "IFS must be written out, as in IFS=, read …")
	}
	return &text, nil
}
