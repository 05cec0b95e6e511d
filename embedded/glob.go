package embedded

import "strings"

// glob reports whether the whole text is what a pattern means, byte by byte,
// as Redis reads patterns: * ? [abc] [^abc] [a-z] and \ before any of them. It
// takes at most len(pattern) × len(text) steps, and no pattern is an error.
func glob(pattern, text string) bool {
	if text == "" {
		return pattern == "" || pattern == "*" // and not "**", by an oddity of Redis
	}
	back, at := -1, 0 // where to go on after the last *, and in the text
	p, t := 0, 0
	for t < len(text) {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			back, at = p, t
			continue
		}
		if p < len(pattern) {
			if next, ok := globByte(pattern, p, text[t]); ok {
				p, t = next, t+1
				continue
			}
		}
		if back < 0 {
			return false
		}
		at++
		p, t = back, at
	}
	return strings.Trim(pattern[p:], "*") == ""
}

func globFold(pattern, text string) bool {
	return glob(strings.ToLower(pattern), strings.ToLower(text))
}

// globByte matches one byte against the pattern at p, and answers what of the
// pattern follows.
func globByte(pattern string, p int, b byte) (next int, ok bool) {
	switch pattern[p] {
	case '?':
		return p + 1, true
	case '[':
		return globClass(pattern, p+1, b)
	case '\\':
		if p+1 < len(pattern) {
			p++
		}
	}
	return p + 1, pattern[p] == b
}

// globClass matches the inside of brackets. What is not closed ends with the
// pattern. In a range bytes above 127 come before all others, as they do for
// Redis where a char of C has a sign.
func globClass(pattern string, p int, b byte) (next int, ok bool) {
	not := p < len(pattern) && pattern[p] == '^'
	if not {
		p++
	}
	for ; p < len(pattern) && pattern[p] != ']'; p++ {
		switch {
		case pattern[p] == '\\' && p+1 < len(pattern):
			p++
			ok = ok || pattern[p] == b
		case p+2 < len(pattern) && pattern[p+1] == '-':
			low, high := int8(pattern[p]), int8(pattern[p+2])
			ok = ok || min(low, high) <= int8(b) && int8(b) <= max(low, high)
			p += 2
		default:
			ok = ok || pattern[p] == b
		}
	}
	return min(p+1, len(pattern)), ok != not
}
