package sessions

import (
	"time"
	"unicode/utf8"
)

// asText answers the text at a place of a script's reply, or nothing.
func asText(reply []any, at int) string {
	if at >= len(reply) {
		return ""
	}
	s, _ := reply[at].(string)
	return s
}

// asTime answers the milliseconds at a place of a script's reply.
func asTime(reply []any, at int) time.Duration {
	if at >= len(reply) {
		return 0
	}
	n, _ := reply[at].(int64)
	return remaining(n)
}

// remaining answers a reply to PTTL.
func remaining(milliseconds int64) time.Duration {
	if milliseconds == -1 {
		return NoExpiry
	}
	return time.Duration(max(milliseconds, 0)) * time.Millisecond
}

// asTexts answers the list of texts at a place of a script's reply.
func asTexts(reply []any, at int) []string {
	if at >= len(reply) {
		return nil
	}
	list, _ := reply[at].([]any)
	texts := make([]string, 0, len(list))
	for i := range list {
		texts = append(texts, asText(list, i))
	}
	return texts
}

// cut answers a text in valid UTF-8 of at most so many bytes.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}
