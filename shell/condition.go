package shell

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// maxTestArgs bounds test, which looks into its arguments recursively.
const maxTestArgs = 1000

// test is test and [. Its status is 0, 1, or 2 for a mistake in the arguments.
func test(_ context.Context, s *scope, inv *invocation) error {
	args, name := inv.args(), inv.name()
	if name == "[" {
		if len(args) == 0 || args[len(args)-1].Text != "]" {
			return s.fail(inv, statusMisuse, "[: the closing ] is missing")
		}
		args = args[:len(args)-1]
	}
	holds, err := condition(args)
	if err != nil {
		return s.fail(inv, statusMisuse, "%s: %s", name, err)
	}
	s.status = int(truth(!holds))
	return nil
}

// condition decides by the number of arguments, as POSIX has it, so that
// operands that look like operators do no harm.
func condition(args []Arg) (bool, error) {
	switch len(args) {
	case 0:
		return false, nil
	case 1:
		return args[0].Text != "", nil
	case 2:
		if args[0].Text == "!" {
			return negate(condition(args[1:]))
		}
		return unary(args[0].Text, args[1])
	case 3:
		return conditionOf3(args)
	case 4:
		if args[0].Text == "!" {
			return negate(condition(args[1:]))
		}
		if args[0].Text == "(" && args[3].Text == ")" {
			return condition(args[1:3])
		}
	}
	if len(args) > maxTestArgs {
		return false, fmt.Errorf("more than %d arguments", maxTestArgs)
	}
	p := &conditionParser{rest: args}
	holds, err := p.or()
	if err == nil && len(p.rest) > 0 {
		err = fmt.Errorf("%s is not expected here", safe(p.rest[0].Text))
	}
	return holds, err
}

func conditionOf3(args []Arg) (bool, error) {
	left, op, right := args[0], args[1].Text, args[2]
	switch {
	case isBinary(op):
		return binary(left, op, right)
	case op == "-a":
		return left.Text != "" && right.Text != "", nil
	case op == "-o":
		return left.Text != "" || right.Text != "", nil
	case left.Text == "!":
		return negate(condition(args[1:]))
	case left.Text == "(" && right.Text == ")":
		return condition(args[1:2])
	}
	return false, fmt.Errorf("%s is not an operator; there are %s", safe(op), binaryOperators)
}

func negate(b bool, err error) (bool, error) { return !b && err == nil, err }

const (
	unaryOperators  = "-n -z"
	binaryOperators = "= == != -eq -ne -lt -le -gt -ge"
	fileOperators   = "-b -c -d -e -f -g -h -k -p -r -s -t -u -w -x -G -L -N -O -S"
)

func isUnary(op string) bool { return hasWord(unaryOperators, op) || hasWord(fileOperators, op) }

func isBinary(op string) bool { return hasWord(binaryOperators, op) }

func hasWord(words, word string) bool {
	return word != "" && !strings.Contains(word, " ") && strings.Contains(" "+words+" ", " "+word+" ")
}

func unary(op string, operand Arg) (bool, error) {
	switch {
	case op == "-n":
		return operand.Text != "", nil
	case op == "-z":
		return operand.Text == "", nil
	case hasWord(fileOperators, op):
		return false, fmt.Errorf("%s asks about a file, and there are none here", op)
	}
	return false, fmt.Errorf("%s is not an operator; there are %s", safe(op), unaryOperators)
}

func binary(left Arg, op string, right Arg) (bool, error) {
	switch op {
	case "=", "==":
		return same(left, right), nil
	case "!=":
		return !same(left, right), nil
	}
	x, err := testNumber(left)
	if err != nil {
		return false, err
	}
	y, err := testNumber(right)
	if err != nil {
		return false, err
	}
	switch op {
	case "-eq":
		return x == y, nil
	case "-ne":
		return x != y, nil
	case "-lt":
		return x < y, nil
	case "-le":
		return x <= y, nil
	case "-gt":
		return x > y, nil
	}
	return x >= y, nil
}

// same compares what people see. Two keys that are shown alike but are not the
// same are different.
func same(a, b Arg) bool {
	bothHide := a.Text != a.Whole && b.Text != b.Whole
	return a.Text == b.Text && (!bothHide || a.Whole == b.Whole)
}

func testNumber(a Arg) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(a.Text), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s is not a whole number", safe(a.Text))
	}
	return n, nil
}

// conditionParser reads five and more arguments: -o binds less than -a, and
// that less than !.
type conditionParser struct{ rest []Arg }

var errOperandMissing = errors.New("an operand is missing")

func (p *conditionParser) peek(i int) string {
	if i < len(p.rest) {
		return p.rest[i].Text
	}
	return ""
}

func (p *conditionParser) or() (bool, error) {
	holds, err := p.and()
	for err == nil && p.peek(0) == "-o" {
		p.rest = p.rest[1:]
		var right bool
		right, err = p.and()
		holds = holds || right
	}
	return holds, err
}

func (p *conditionParser) and() (bool, error) {
	holds, err := p.not()
	for err == nil && p.peek(0) == "-a" {
		p.rest = p.rest[1:]
		var right bool
		right, err = p.not()
		holds = holds && right
	}
	return holds, err
}

func (p *conditionParser) not() (bool, error) {
	if p.peek(0) == "!" && len(p.rest) > 1 && !isBinary(p.peek(1)) {
		p.rest = p.rest[1:]
		return negate(p.not())
	}
	return p.primary()
}

func (p *conditionParser) primary() (bool, error) {
	switch {
	case len(p.rest) == 0:
		return false, errOperandMissing
	case len(p.rest) >= 3 && isBinary(p.peek(1)):
		left, op, right := p.rest[0], p.rest[1].Text, p.rest[2]
		p.rest = p.rest[3:]
		return binary(left, op, right)
	case p.peek(0) == "(":
		return p.group()
	case len(p.rest) >= 2 && isUnary(p.peek(0)):
		op, operand := p.rest[0].Text, p.rest[1]
		p.rest = p.rest[2:]
		return unary(op, operand)
	}
	holds := p.rest[0].Text != ""
	p.rest = p.rest[1:]
	return holds, nil
}

func (p *conditionParser) group() (bool, error) {
	p.rest = p.rest[1:]
	holds, err := p.or()
	if err != nil {
		return false, err
	}
	if p.peek(0) != ")" {
		return false, errors.New("a ) is missing")
	}
	p.rest = p.rest[1:]
	return holds, nil
}
