package shell

import (
	"mvdan.cc/sh/v3/syntax"
)

// arithExpr is one of *arithWord, *arithUnary, *arithBinary and *arithChoice.
type arithExpr any

// arithWord is a number, a variable or something that expands to a number.
type arithWord struct {
	name string // of a variable without "$"
	word *word
}

type arithUnary struct {
	op syntax.UnAritOperator
	x  arithExpr
}

type arithBinary struct {
	op   syntax.BinAritOperator
	x, y arithExpr
}

// arithChoice is cond ? yes : no.
type arithChoice struct{ cond, yes, no arithExpr }

func (c *compiler) arithExpr(x syntax.ArithmExpr) (arithExpr, error) {
	leave, err := c.enter(x.Pos())
	if err != nil {
		return nil, err
	}
	defer leave()
	switch x := x.(type) {
	case *syntax.Word:
		return c.arithWord(x)
	case *syntax.ParenArithm:
		return c.arithExpr(x.X)
	case *syntax.UnaryArithm:
		return c.arithUnary(x)
	case *syntax.BinaryArithm:
		return c.arithBinary(x)
	}
	return nil, c.refuse(x.Pos(), constructName(x))
}

func (c *compiler) arithWord(w *syntax.Word) (arithExpr, error) {
	if name := w.Lit(); syntax.ValidName(name) && !c.hasHole(name) {
		return &arithWord{name: name}, nil
	}
	compiled, err := c.word(w)
	return &arithWord{word: compiled}, err
}

func (c *compiler) arithUnary(u *syntax.UnaryArithm) (arithExpr, error) {
	switch u.Op {
	case syntax.Not, syntax.BitNegation, syntax.Plus, syntax.Minus:
		x, err := c.arithExpr(u.X)
		return &arithUnary{u.Op, x}, err
	}
	return nil, c.refuse(u.OpPos, u.Op.String()+" in $((…))")
}

func (c *compiler) arithBinary(b *syntax.BinaryArithm) (arithExpr, error) {
	x, err := c.arithExpr(b.X)
	if err != nil {
		return nil, err
	}
	if b.Op == syntax.TernQuest {
		return c.arithChoice(x, b)
	}
	if !arithOperator(b.Op) {
		return nil, c.refuse(b.OpPos, b.Op.String()+" in $((…))")
	}
	y, err := c.arithExpr(b.Y)
	return &arithBinary{b.Op, x, y}, err
}

func (c *compiler) arithChoice(cond arithExpr, b *syntax.BinaryArithm) (arithExpr, error) {
	branches, ok := b.Y.(*syntax.BinaryArithm)
	if !ok || branches.Op != syntax.TernColon {
		return nil, c.refuse(b.OpPos, "? without :")
	}
	yes, err := c.arithExpr(branches.X)
	if err != nil {
		return nil, err
	}
	no, err := c.arithExpr(branches.Y)
	return &arithChoice{cond, yes, no}, err
}

func arithOperator(op syntax.BinAritOperator) bool {
	switch op {
	case syntax.Add, syntax.Sub, syntax.Mul, syntax.Quo, syntax.Rem, syntax.Pow,
		syntax.Eql, syntax.Neq, syntax.Lss, syntax.Leq, syntax.Gtr, syntax.Geq,
		syntax.And, syntax.Or, syntax.Xor, syntax.Shl, syntax.Shr,
		syntax.AndArit, syntax.OrArit:
		return true
	}
	return false
}
