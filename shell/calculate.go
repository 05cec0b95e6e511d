package shell

import (
	"context"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// arith evaluates an arithmetic expression.
func (e *expansion) arith(ctx context.Context, x arithExpr) (int64, error) {
	switch x := x.(type) {
	case *arithWord:
		return e.arithWord(ctx, x)
	case *arithUnary:
		n, err := e.arith(ctx, x.x)
		if err != nil {
			return 0, err
		}
		return applyUnary(x.op, n)
	case *arithBinary:
		return e.arithBinary(ctx, x)
	case *arithChoice:
		n, err := e.arith(ctx, x.cond)
		if err != nil {
			return 0, err
		}
		if n != 0 {
			return e.arith(ctx, x.yes)
		}
		return e.arith(ctx, x.no)
	}
	return 0, fmt.Errorf("expand: no rule for %T", x)
}

func (e *expansion) arithWord(ctx context.Context, w *arithWord) (int64, error) {
	if w.name != "" {
		return integer(w.name, e.scope.get(w.name).text())
	}
	inner := e.scope.expansion(e.io)
	defer inner.release()
	v, err := inner.single(ctx, w.word)
	if err != nil {
		return 0, err
	}
	return integer("", v.text())
}

func integer(name, text string) (int64, error) {
	n, err := number(text)
	if err != nil && name != "" {
		return 0, arithError(name + " is no number: " + err.Error())
	}
	if err != nil {
		return 0, arithError(err.Error())
	}
	return n, nil
}

func (e *expansion) arithBinary(ctx context.Context, b *arithBinary) (int64, error) {
	x, err := e.arith(ctx, b.x)
	if err != nil {
		return 0, err
	}
	switch {
	case b.op == syntax.AndArit && x == 0:
		return 0, nil
	case b.op == syntax.OrArit && x != 0:
		return 1, nil
	}
	y, err := e.arith(ctx, b.y)
	if err != nil {
		return 0, err
	}
	if b.op == syntax.AndArit || b.op == syntax.OrArit {
		return truth(y != 0), nil
	}
	return applyBinary(b.op, x, y)
}

// number reads a whole decimal number, blanks around it allowed. The empty
// text is 0, as an unset variable. A leading zero is refused rather than taken
// for octal, and nothing is ever taken for an expression.
func number(text string) (int64, error) {
	trimmed := strings.TrimSpace(text)
	if trimmed == "" {
		return 0, nil
	}
	digits := strings.TrimLeft(trimmed, "+-")
	if len(digits) > 1 && digits[0] == '0' {
		return 0, fmt.Errorf("%s begins with 0; write %s", safe(trimmed), strings.TrimLeft(safe(digits), "0"))
	}
	n, err := strconv.ParseInt(trimmed, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is not a whole number of at most 64 bits", safe(trimmed))
	}
	return n, nil
}

// arithError is a fault in $((…)) found while it runs.
type arithError string

func (e arithError) Error() string { return string(e) }

const (
	overflow       arithError = "the result does not fit in 64 bits"
	divisionByZero arithError = "division by zero"
	negativePower  arithError = "the exponent is less than 0"
	shiftOutside   arithError = "a shift is from 0 to 63"
)

func applyUnary(op syntax.UnAritOperator, x int64) (int64, error) {
	switch op {
	case syntax.Minus:
		if x == math.MinInt64 {
			return 0, overflow
		}
		return -x, nil
	case syntax.Not:
		return truth(x == 0), nil
	case syntax.BitNegation:
		return ^x, nil
	}
	return x, nil
}

func applyBinary(op syntax.BinAritOperator, x, y int64) (int64, error) {
	switch op {
	case syntax.Add:
		sum := x + y
		return sum, overflowIf((sum > x) != (y > 0) && y != 0)
	case syntax.Sub:
		difference := x - y
		return difference, overflowIf((difference < x) != (y > 0) && y != 0)
	case syntax.Mul:
		return multiply(x, y)
	case syntax.Quo, syntax.Rem:
		return divide(op, x, y)
	case syntax.Pow:
		return power(x, y)
	case syntax.Shl, syntax.Shr:
		return shift(op, x, y)
	}
	return compareOrMask(op, x, y), nil
}

func compareOrMask(op syntax.BinAritOperator, x, y int64) int64 {
	switch op {
	case syntax.Eql:
		return truth(x == y)
	case syntax.Neq:
		return truth(x != y)
	case syntax.Lss:
		return truth(x < y)
	case syntax.Leq:
		return truth(x <= y)
	case syntax.Gtr:
		return truth(x > y)
	case syntax.Geq:
		return truth(x >= y)
	case syntax.And:
		return x & y
	case syntax.Or:
		return x | y
	}
	return x ^ y
}

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

func overflowIf(b bool) error {
	if b {
		return overflow
	}
	return nil
}

func multiply(x, y int64) (int64, error) {
	high, low := bits.Mul64(magnitude(x), magnitude(y))
	negative := (x < 0) != (y < 0)
	if high != 0 || low > math.MaxInt64 && !(negative && low == 1<<63) {
		return 0, overflow
	}
	return x * y, nil
}

func magnitude(x int64) uint64 {
	if x < 0 {
		return -uint64(x)
	}
	return uint64(x)
}

func divide(op syntax.BinAritOperator, x, y int64) (int64, error) {
	switch {
	case y == 0:
		return 0, divisionByZero
	case x == math.MinInt64 && y == -1:
		if op == syntax.Rem {
			return 0, nil
		}
		return 0, overflow
	case op == syntax.Rem:
		return x % y, nil
	}
	return x / y, nil
}

func power(x, y int64) (int64, error) {
	if y < 0 {
		return 0, negativePower
	}
	if x == 0 || x == 1 || x == -1 {
		return powerOfUnit(x, y), nil
	}
	result := int64(1)
	for range y { // ends by overflow after 63 rounds at most
		var err error
		if result, err = multiply(result, x); err != nil {
			return 0, err
		}
	}
	return result, nil
}

func powerOfUnit(x, y int64) int64 {
	switch {
	case y == 0:
		return 1
	case x == -1 && y%2 == 0:
		return 1
	}
	return x
}

func shift(op syntax.BinAritOperator, x, y int64) (int64, error) {
	if y < 0 || y > 63 {
		return 0, shiftOutside
	}
	if op == syntax.Shr {
		return x >> y, nil
	}
	shifted := x << y
	return shifted, overflowIf(shifted>>y != x)
}
