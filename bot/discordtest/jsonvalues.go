package discordtest

import (
	"encoding/json"
	"strconv"
)

// text reads a JSON string, "" for anything else.
func text(v any) string {
	s, _ := v.(string)
	return s
}

// number reads a JSON integer, 0 for anything else.
func number(v any) int {
	switch n := v.(type) {
	case json.Number:
		i, _ := strconv.Atoi(n.String())
		return i
	case float64:
		return int(n)
	case int:
		return n
	}
	return 0
}

func items(v any) list {
	l, _ := v.(list)
	return l
}

func fields(v any) object {
	o, _ := v.(object)
	return o
}

func objects(v any) []object {
	var all []object
	for _, item := range items(v) {
		if o, ok := item.(object); ok {
			all = append(all, o)
		}
	}
	return all
}

func texts(v any) []string {
	var all []string
	for _, item := range items(v) {
		all = append(all, text(item))
	}
	return all
}

func orEmpty(l list) list {
	if l == nil {
		return list{}
	}
	return l
}
