package alerts

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/vm"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
	"github.com/helix-collective/helix/suggest"
)

// The bounds of the rules of the configuration.
const (
	maxCustom     = 50
	maxExpression = 500 // bytes
	maxNodes      = 200 // of its syntax tree
	maxMemory     = 10_000
)

var customName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)

// Check refuses values of alerts.rules that are no rules. It is what a
// subscriber of settings asks before a change.
func Check(_ context.Context, _, next *settings.Snapshot) error {
	_, err := customRules(next.List(settings.AlertsRules))
	if err == nil {
		return nil
	}
	reason := err.Error()
	if !strings.HasSuffix(reason, "?") {
		reason += "."
	}
	return &settings.CombinationError{Keys: []string{string(settings.AlertsRules)}, Reason: reason}
}

// customRules reads "name: expression" texts, each with marks behind it or not. It
// answers those that can be read, and one error for all others.
func customRules(texts []string) ([]Rule, error) {
	var rules []Rule
	var errs []error
	for i, text := range texts {
		if i == maxCustom {
			errs = append(errs, fmt.Errorf("alerts.rules: at most %d rules", maxCustom))
			break
		}
		r, err := customRule(text)
		if _, twice := ruleNamed(rules, r.Name); err == nil && twice {
			err = fmt.Errorf("there are two rules %s", r.Name)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("alerts.rules: %w", err))
			continue
		}
		rules = append(rules, r)
	}
	return rules, errors.Join(errs...)
}

func customRule(text string) (Rule, error) {
	name, expression, ok := strings.Cut(text, ":")
	name = strings.TrimSpace(name)
	expression, marks := cutMarks(expression)
	switch {
	case !ok || !customName.MatchString(name):
		return Rule{}, fmt.Errorf("`%s`: a rule is a name (a to z, 0 to 9 and _), a colon and an expression, as in flood: sessions > 5000", clip(text, 80))
	case taken(name):
		return Rule{}, fmt.Errorf("%s is the name of a rule or a label already", name)
	case len(expression) > maxExpression:
		return Rule{}, fmt.Errorf("%s: the expression is longer than %d bytes", name, maxExpression)
	}
	c, err := compile(expression)
	if err != nil {
		return Rule{}, fmt.Errorf("%s: %w", name, err)
	}
	r := Rule{Name: name, Summary: "The rule " + name + " of the configuration", Severity: Warning, Cause: CauseCustom,
		Expression: expression, judge: c.judge}
	if err := r.mark(marks); err != nil {
		return Rule{}, fmt.Errorf("%s: %w", name, err)
	}
	return r, nil
}

func taken(name string) bool {
	return name == string(CauseCustom) || slices.ContainsFunc(Rules(), func(r Rule) bool { return slices.Contains(r.labels(), name) })
}

// custom is an expression that is ready to run.
type custom struct {
	program *vm.Program
	uses    []string // names of the sample
}

// functions can stand in an expression.
var functions = []string{"abs", "ceil", "floor", "round", "max", "min"}

// compile takes expressions that yield true or false, over the names of a
// sample, with arithmetic and a few functions of numbers.
func compile(expression string) (custom, error) {
	names := &uses{}
	options := []expr.Option{expr.Env(blank()), expr.AsBool(), expr.MaxNodes(maxNodes), expr.DisableAllBuiltins(), expr.Patch(names)}
	for _, f := range functions {
		options = append(options, expr.EnableBuiltin(f))
	}
	program, err := expr.Compile(expression, options...)
	if unknown := names.unknown(); unknown != "" {
		return custom{}, unknownName(unknown)
	}
	if names.foreign {
		return custom{}, errors.New("only values, numbers, texts, lists of them, comparisons, arithmetic and abs, ceil, floor, round, max, min can stand in it")
	}
	var wrong *file.Error
	switch {
	case errors.As(err, &wrong):
		return custom{}, fmt.Errorf("%s at column %d", clip(wrong.Message, 200), wrong.Column+1)
	case err != nil:
		return custom{}, errors.New(clip(err.Error(), 200))
	case len(names.list) == 0:
		return custom{}, errors.New("it measures nothing; name a value, as in sessions > 5000")
	}
	return custom{program, names.list}, nil
}

func unknownName(name string) error {
	if near, ok := suggest.Nearest(name, knownNames()); ok {
		return fmt.Errorf("`%s` is not measured. Did you mean `%s`?", clip(name, 80), near)
	}
	return fmt.Errorf("`%s` is not measured; there are %s", clip(name, 80), strings.Join(knownNames(), ", "))
}

// uses gathers the names that an expression reads, and whether there is
// anything in it that could take long, such as a loop over a range.
type uses struct {
	list    []string
	foreign bool
}

// Visit is called for each part of the expression.
func (u *uses) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if !slices.Contains(u.list, n.Value) {
			u.list = append(u.list, n.Value)
		}
	case *ast.BinaryNode:
		u.foreign = u.foreign || n.Operator == ".."
	case *ast.BuiltinNode:
		u.foreign = u.foreign || !slices.Contains(functions, n.Name)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.StringNode, *ast.ConstantNode,
		*ast.ArrayNode, *ast.UnaryNode, *ast.ConditionalNode:
	default:
		u.foreign = true
	}
}

func (u *uses) unknown() string {
	known := knownNames()
	for _, name := range u.list {
		if !slices.Contains(known, name) {
			return name
		}
	}
	return ""
}

func (c custom) judge(_ *settings.Snapshot, w Window) Verdict {
	now, env := w.Last(), blank()
	var measured []string
	for _, name := range c.uses {
		if text, ok := now.Texts[sample.Name(name)]; ok {
			env[name] = text
			measured = append(measured, name+" "+clip(text, 40))
			continue
		}
		value, ok := now.Get(sample.Name(name))
		if !ok {
			return unknown(name + " was not measured.")
		}
		env[name] = value
		measured = append(measured, name+" "+short(value))
	}
	machine := vm.VM{MemoryBudget: maxMemory}
	answer, err := machine.Run(c.program, env)
	fires, ok := answer.(bool)
	if err != nil || !ok {
		return unknown("The expression could not be computed over " + strings.Join(measured, ", ") + ".")
	}
	return state(fires, clip(fmt.Sprintf("%s: `%s` is %t.", strings.Join(measured, ", "), c.program.Source().String(), fires), maxWords))
}

// short writes a number as briefly as it can be told.
func short(v float64) string {
	if v == math.Trunc(v) {
		return count(v)
	}
	return fmt.Sprintf("%.2f", v)
}

// blank answers every name of a sample with a value of its type, from which the
// types of an expression are known.
func blank() map[string]any {
	env := make(map[string]any)
	for _, name := range sample.Numbers() {
		env[string(name)] = 0.0
	}
	for _, name := range sample.Words() {
		env[string(name)] = ""
	}
	return env
}

func knownNames() []string {
	return slices.Sorted(maps.Keys(blank()))
}
