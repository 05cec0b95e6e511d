package guard

import (
	"bytes"
	"fmt"
)

// quoting turns the bytes of a string into what stands between its quotes. It
// looks at one byte at a time, so a string may come in pieces.
type quoting func(dst []byte, b byte) []byte

// quoting answers how the style writes strings; nil where it leaves them alone.
func (s style) quoting() quoting {
	switch s {
	case ttyStyle, csvStyle:
		return escape
	case jsonStyle:
		return escapeJSON
	case quotedJSONStyle:
		return escapeTwice
	}
	return nil
}

func appendEscaped(dst, text []byte, q quoting) []byte {
	for _, b := range text {
		dst = q(dst, b)
	}
	return dst
}

// appendQuoted adds text in quotes, in pure ASCII.
func appendQuoted(dst, text []byte) []byte {
	return append(appendEscaped(append(dst, '"'), text, escape), '"')
}

// appendJSONString adds text as a JSON string. Bytes that are not UTF-8 stay as
// they are under --json, as redis-cli has it.
func appendJSONString(dst, text []byte, s style) []byte {
	return append(appendEscaped(append(dst, '"'), text, s.quoting()), '"')
}

func escape(dst []byte, b byte) []byte {
	switch b {
	case '\\', '"':
		return append(dst, '\\', b)
	case '\n':
		return append(dst, `\n`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	case '\a':
		return append(dst, `\a`...)
	case '\b':
		return append(dst, `\b`...)
	}
	if b < ' ' || b > '~' {
		return fmt.Appendf(dst, `\x%02x`, b)
	}
	return append(dst, b)
}

func escapeJSON(dst []byte, b byte) []byte {
	switch b {
	case '\\', '"':
		return append(dst, '\\', b)
	case '\n':
		return append(dst, `\n`...)
	case '\f':
		return append(dst, `\f`...)
	case '\r':
		return append(dst, `\r`...)
	case '\t':
		return append(dst, `\t`...)
	case '\b':
		return append(dst, `\b`...)
	}
	if b < ' ' {
		return fmt.Appendf(dst, `\u%04x`, b)
	}
	return append(dst, b)
}

// escapeTwice escapes as a terminal shows it and doubles the backslashes.
func escapeTwice(dst []byte, b byte) []byte {
	return append(dst, bytes.ReplaceAll(escape(nil, b), []byte(`\`), []byte(`\\`))...)
}
