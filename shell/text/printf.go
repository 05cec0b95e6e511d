package text

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

func printfTool() *tool {
	return &tool{
		name: "printf", synopsis: "FORMAT [ARGUMENT…]",
		summary: "write arguments as a format says, again until all are used",
		notes: "Formats: %s %b %c %d %i %u %o %x %X %e %f %g %% with flags, width and precision;\n" +
			"the format and %b resolve \\n \\t \\\\ \\101 \\x41 and their like.",
		literal: true,
		run:     runPrintf,
	}
}

// maxWidth bounds a width or a precision.
const maxWidth = 4096

func runPrintf(ctx context.Context, j *job) (int, error) {
	args := j.operands
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 0, misuse("needs a format")
	}
	if strings.HasPrefix(args[0], "-") && len(args[0]) > 1 && strings.Trim(args[0][1:], "abcdefghijklmnopqrstuvwxyz") == "" {
		return 0, misuse("unknown option %s; it takes none but --help", args[0])
	}
	p := &printer{format: args[0], args: args[1:], stderr: j.Stderr}
	for {
		before := len(p.args)
		p.out = p.out[:0]
		err := p.once()
		if _, failed := j.Stdout.Write(p.out); failed != nil {
			return 0, failed
		}
		if err != nil || p.stopped || len(p.args) == 0 || len(p.args) == before {
			return p.status, err
		}
		if ctx.Err() != nil {
			return 0, context.Cause(ctx)
		}
	}
}

// printer is one call of printf.
type printer struct {
	format  string
	args    []string // those not used yet
	out     []byte
	stopped bool // by \c in %b
	status  int
	stderr  io.Writer
}

// once goes through the format once.
func (p *printer) once() error {
	for f := p.format; f != "" && !p.stopped; {
		switch f[0] {
		case '\\':
			var n int
			if len(f) > 1 && strings.IndexByte(`"'?`, f[1]) >= 0 {
				p.out, n = append(p.out, f[1]), 1
			} else {
				p.out, n, _ = unescape(p.out, f[1:], escapeRules{})
			}
			f = f[1+n:]
		case '%':
			rest, err := p.directive(f[1:])
			if err != nil {
				return err
			}
			f = rest
		default:
			n := strings.IndexAny(f, `\%`)
			if n < 0 {
				n = len(f)
			}
			p.out = append(p.out, f[:n]...)
			f = f[n:]
		}
	}
	return nil
}

// directive is what stands between % and its letter.
type directive struct {
	flags     string
	width     int
	precision int // -1: none
	verb      byte
}

// directive carries out what follows a percent sign, and answers the rest.
func (p *printer) directive(f string) (rest string, err error) {
	if strings.HasPrefix(f, "%") {
		p.out = append(p.out, '%')
		return f[1:], nil
	}
	d := directive{precision: -1}
	n := len(f) - len(strings.TrimLeft(f, "-+ 0#'"))
	d.flags, f = f[:n], f[n:]
	if d.width, f, err = p.measure(f); err != nil {
		return "", err
	}
	if d.width < 0 {
		d.flags, d.width = d.flags+"-", -d.width
	}
	if strings.HasPrefix(f, ".") {
		if d.precision, f, err = p.measure(f[1:]); err != nil {
			return "", err
		}
	}
	f = strings.TrimLeft(f, "hlL") // sizes of C's, all the same here
	if f == "" {
		return "", misuse("the format ends inside a %%")
	}
	d.verb = f[0]
	return f[1:], p.convert(d)
}

// measure reads a width or precision: a number, a * that takes an argument,
// or nothing, which is 0.
func (p *printer) measure(f string) (n int, rest string, err error) {
	if strings.HasPrefix(f, "*") {
		n, rest = int(p.integer(p.next())), f[1:]
	} else {
		end := len(f) - len(strings.TrimLeft(f, "0123456789"))
		n, err = strconv.Atoi("0" + f[:end])
		rest = f[end:]
	}
	if err != nil || n > maxWidth || n < -maxWidth {
		return 0, "", misuse("a width above %d", maxWidth)
	}
	return n, rest, nil
}

func (p *printer) next() string {
	if len(p.args) == 0 {
		return ""
	}
	arg := p.args[0]
	p.args = p.args[1:]
	return arg
}

// convert writes the next argument as d says.
func (p *printer) convert(d directive) error {
	switch d.verb {
	case 's':
		p.pad(d, cutRunes([]byte(p.next()), d.precision))
	case 'b':
		text, stop := resolved(p.next(), escapeRules{anyOctal: true, stop: true})
		p.pad(d, cutRunes(text, d.precision))
		p.stopped = stop
	case 'c':
		arg := append([]byte(p.next()), 0)
		p.pad(d, arg[:max(1, min(runeSize(arg), len(arg)-1))])
	case 'd', 'i':
		d.verb = 'd'
		p.out = fmt.Appendf(p.out, d.form("-+ 0"), p.integer(p.next()))
	case 'u':
		d.verb = 'd'
		p.out = fmt.Appendf(p.out, d.form("-0"), uint64(p.integer(p.next())))
	case 'o', 'x', 'X':
		n := uint64(p.integer(p.next()))
		if n == 0 && d.verb != 'o' {
			d.flags = strings.ReplaceAll(d.flags, "#", "")
		}
		p.out = fmt.Appendf(p.out, d.form("-0#"), n)
	case 'e', 'E', 'f', 'F', 'g', 'G':
		if d.precision < 0 {
			d.precision = 6
		}
		p.decimal(d, p.float(p.next()))
	default:
		return misuse("the format %%%c is not supported; there are %%s %%b %%c %%d %%i %%u %%o %%x %%X %%e %%f %%g", d.verb)
	}
	return nil
}

// decimal writes a number with a fraction. Infinity and NaN are words, with
// C's letters and without zeros before them.
func (p *printer) decimal(d directive, f float64) {
	if !math.IsInf(f, 0) && !math.IsNaN(f) {
		p.out = fmt.Appendf(p.out, d.form("-+ 0#"), f)
		return
	}
	word := strings.TrimPrefix(strings.ToLower(strconv.FormatFloat(f, 'f', -1, 64)), "+")
	if f > 0 || math.IsNaN(f) {
		switch {
		case strings.Contains(d.flags, "+"):
			word = "+" + word
		case strings.Contains(d.flags, " "):
			word = " " + word
		}
	}
	if 'A' <= d.verb && d.verb <= 'Z' {
		word = strings.ToUpper(word)
	}
	p.pad(d, []byte(word))
}

// form is the directive for Go's fmt, with those of its flags that count.
func (d directive) form(known string) string {
	flags := strings.Map(func(r rune) rune {
		if strings.ContainsRune(known, r) {
			return r
		}
		return -1
	}, d.flags)
	if strings.Contains(flags, "-") {
		flags = strings.ReplaceAll(flags, "0", "")
	}
	form := "%" + flags
	if d.width > 0 {
		form += strconv.Itoa(d.width)
	}
	if d.precision >= 0 {
		form += "." + strconv.Itoa(d.precision)
	}
	return form + string(d.verb)
}

// pad writes text in the directive's width.
func (p *printer) pad(d directive, text []byte) {
	blanks := strings.Repeat(" ", max(0, d.width-utf8.RuneCount(text)))
	if strings.Contains(d.flags, "-") {
		p.out = append(append(p.out, text...), blanks...)
	} else {
		p.out = append(append(p.out, blanks...), text...)
	}
}

// cutRunes shortens text to n characters; a negative n leaves it.
func cutRunes(text []byte, n int) []byte {
	for i := 0; n >= 0 && i < len(text); n-- {
		if n == 0 {
			return text[:i]
		}
		i += runeSize(text[i:])
	}
	return text
}

// integer reads an argument the way C does: 12, 0x1f, 017, or 'a for a
// character's number. What is wrong is said, and its beginning used.
func (p *printer) integer(arg string) int64 {
	if arg == "" {
		return 0
	}
	if c := arg[0]; c == '\'' || c == '"' {
		return characterNumber(arg[1:])
	}
	text := strings.TrimLeft(arg, " \t\n")
	sign, digits := "", text
	if digits != "" && strings.IndexByte("+-", digits[0]) >= 0 {
		sign, digits = digits[:1], digits[1:]
	}
	base, prefix := 10, 0
	switch {
	case len(digits) > 2 && strings.EqualFold(digits[:2], "0x") && isHex(digits[2]):
		base, prefix = 16, 2
	case strings.HasPrefix(digits, "0"):
		base = 8
	}
	end := prefix
	for end < len(digits) && digitValue(digits[end]) < base {
		end++
	}
	if end == 0 || end < len(digits) {
		p.warn(arg, "is no number")
	}
	n, err := strconv.ParseInt(sign+digits[prefix:end], base, 64)
	if unsigned, wide := strconv.ParseUint(digits[prefix:end], base, 64); errors.Is(err, strconv.ErrRange) && wide == nil && sign != "-" {
		return int64(unsigned)
	}
	if errors.Is(err, strconv.ErrRange) { // said, but no failure, as in bash
		fmt.Fprintf(p.stderr, "printf: %q is out of range\n", arg)
	}
	return n
}

func digitValue(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case isHex(c):
		return int(c|0x20-'a') + 10
	}
	return 36
}

func characterNumber(s string) int64 {
	r, n := utf8.DecodeRuneInString(s)
	if r == utf8.RuneError && n == 1 {
		return int64(s[0])
	}
	if n == 0 {
		return 0
	}
	return int64(r)
}

// float reads an argument as a number with a fraction.
func (p *printer) float(arg string) float64 {
	if arg == "" {
		return 0
	}
	if c := arg[0]; c == '\'' || c == '"' {
		return float64(characterNumber(arg[1:]))
	}
	f, n := leadingFloat([]byte(arg))
	if n == 0 || n < len(arg) {
		p.warn(arg, "is no number")
	}
	return f
}

// warn says what is wrong with an argument; printf goes on.
func (p *printer) warn(arg, what string) {
	p.status = 1
	fmt.Fprintf(p.stderr, "printf: %q %s\n", arg, what)
}
