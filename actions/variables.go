package actions

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// variables puts values in the place of ${NAME}, and notes them as secret.
type variables struct {
	lookup func(name string) (value string, ok bool, err error)
	values map[string]string
}

var variable = regexp.MustCompile(`\$\{([A-Za-z_][A-Za-z0-9_]*)\}`)

// expand answers a text with its variables replaced, once: what stands in a
// value is left as it is. Errors name variables, never values.
func (v *variables) expand(text string) (string, error) {
	var errs []error
	if strings.Contains(variable.ReplaceAllString(text, ""), "${") {
		errs = append(errs, errors.New("a ${ begins a variable, as in ${TOKEN}"))
	}
	out := variable.ReplaceAllStringFunc(text, func(found string) string {
		value, err := v.value(found[2 : len(found)-1])
		errs = append(errs, err)
		return value
	})
	return out, errors.Join(errs...)
}

func (v *variables) value(name string) (string, error) {
	value, ok, err := v.lookup(name)
	switch {
	case err != nil:
		return "", err
	case !ok || value == "":
		return "", fmt.Errorf("the variable %s is not set (nor %s_FILE)", name, name)
	}
	if v.values == nil {
		v.values = make(map[string]string)
	}
	v.values[name] = value
	return value, nil
}

// expandAll expands every text below a value that a configuration holds.
func (v *variables) expandAll(value any) (any, error) {
	var errs []error
	switch value := value.(type) {
	case string:
		return v.expand(value)
	case map[string]any:
		out := make(map[string]any, len(value))
		for _, name := range slices.Sorted(maps.Keys(value)) {
			inner, err := v.expandAll(value[name])
			errs, out[name] = append(errs, err), inner
		}
		return out, errors.Join(errs...)
	case []any:
		out := make([]any, len(value))
		for i := range value {
			inner, err := v.expandAll(value[i])
			errs, out[i] = append(errs, err), inner
		}
		return out, errors.Join(errs...)
	case nil, bool, int, int64, uint64, float64:
		return value, nil
	}
	return nil, errors.New("it holds what JSON has no form for; put quotes around it")
}

// used answers the values that went into texts, the longest first, so that
// masking one does not leave a piece of another.
func (v *variables) used() []string {
	return slices.SortedFunc(maps.Values(v.values), func(a, b string) int { return len(b) - len(a) })
}
