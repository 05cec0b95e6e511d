package keyspace

import "strings"

// literal answers the key that a pattern means, if it can mean only one. A
// backslash takes the next character as it is; the last one of a pattern
// stands for itself.
func literal(pattern string) (key string, ok bool) {
	if pattern == "" {
		return "", false
	}
	var b strings.Builder
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*', c == '?', c == '[':
			return "", false
		case c == '\\' && i+1 < len(pattern):
			i++
		}
		b.WriteByte(pattern[i])
	}
	return b.String(), true
}

// isType reports whether what TYPE answered is a key of the wanted type.
func isType(got, want string) bool {
	return got != "none" && (want == "" || strings.EqualFold(got, want))
}
