package text

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/itchyny/gojq"
)

// inputs reads jq's input value by value.
type inputs struct {
	next  func() (any, error)
	ended bool
}

func newInputs(in io.Reader, t *jqTask) gojq.Iter {
	i := &inputs{}
	switch {
	case t.Lines && t.Slurp:
		i.next = allText(in)
	case t.Lines:
		i.next = textLines(in)
	default:
		d := json.NewDecoder(in)
		d.UseNumber()
		i.next = func() (v any, err error) {
			err = d.Decode(&v)
			return v, err
		}
		if t.Slurp {
			i.next = allValues(i.next)
		}
	}
	return i
}

// Next implements gojq.Iter: the next value, or an error as the last one.
func (i *inputs) Next() (any, bool) {
	if i.ended {
		return nil, false
	}
	v, err := i.next()
	if err == nil {
		return v, true
	}
	i.ended = true
	if err == io.EOF {
		return nil, false
	}
	return fmt.Errorf("the input is no JSON: %w", err), true
}

func allText(in io.Reader) func() (any, error) {
	read := false
	return func() (any, error) {
		if read {
			return nil, io.EOF
		}
		read = true
		text, err := io.ReadAll(in)
		return strings.ToValidUTF8(string(text), "\uFFFD"), err
	}
}

func textLines(in io.Reader) func() (any, error) {
	lines := bufio.NewReader(in)
	return func() (any, error) {
		line, err := lines.ReadString('\n')
		if err == io.EOF && line != "" {
			err = nil
		}
		return strings.ToValidUTF8(strings.TrimSuffix(line, "\n"), "\uFFFD"), err
	}
}

// allValues reads everything into one array.
func allValues(next func() (any, error)) func() (any, error) {
	read := false
	return func() (any, error) {
		if read {
			return nil, io.EOF
		}
		read = true
		all := []any{}
		for {
			v, err := next()
			if err == io.EOF {
				return all, nil
			}
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
	}
}

// appendJSON writes a value; an empty indent writes it on one line.
func appendJSON(out []byte, v any, indent string, depth int) (_ []byte, err error) {
	switch v := v.(type) {
	case []any:
		if len(v) == 0 {
			return append(out, "[]"...), nil
		}
		out = append(out, '[')
		for i, e := range v {
			out = between(out, i, indent, depth+1)
			if out, err = appendJSON(out, e, indent, depth+1); err != nil {
				return nil, err
			}
		}
		return append(lineBreak(out, indent, depth), ']'), nil
	case map[string]any:
		if len(v) == 0 {
			return append(out, "{}"...), nil
		}
		out = append(out, '{')
		for i, key := range slices.Sorted(maps.Keys(v)) {
			out = between(out, i, indent, depth+1)
			if out, err = appendScalar(out, key); err != nil {
				return nil, err
			}
			out = append(out, ':')
			if indent != "" {
				out = append(out, ' ')
			}
			if out, err = appendJSON(out, v[key], indent, depth+1); err != nil {
				return nil, err
			}
		}
		return append(lineBreak(out, indent, depth), '}'), nil
	}
	return appendScalar(out, v)
}

func appendScalar(out []byte, v any) ([]byte, error) {
	text, err := gojq.Marshal(v)
	return append(out, text...), err
}

// between is what comes before the i-th element.
func between(out []byte, i int, indent string, depth int) []byte {
	if i > 0 {
		out = append(out, ',')
	}
	return lineBreak(out, indent, depth)
}

func lineBreak(out []byte, indent string, depth int) []byte {
	if indent == "" {
		return out
	}
	out = append(out, '\n')
	for range depth {
		out = append(out, indent...)
	}
	return out
}
