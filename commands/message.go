package commands

import (
	"regexp"
	"strings"
	"unicode"
)

// message is what a chat message asks: a program, and what the program reads.
type message struct {
	source  string
	stdin   string
	defines bool // an alias or a schedule; stdin is its line
}

const fence = "```"

// verbWord is how a verb begins, right behind the prefix. "!!!" and "! well"
// are not for us.
var verbWord = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_.-]*`)

// addressed reports whether a text without a mention is meant for Helix: its
// first word is the prefix with a verb behind, or with a fenced block.
func addressed(text, prefix string) bool {
	rest, ok := strings.CutPrefix(trim(text), prefix)
	return ok && (verbWord.MatchString(rest) || strings.HasPrefix(strings.TrimSpace(rest), fence))
}

// trim takes blanks and invisible characters off both ends, where clients and
// clipboards leave them.
func trim(text string) string {
	return strings.TrimFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) })
}

// readMessage takes a message apart. A fenced block is the program where
// nothing but the verb redis stands before it, and standard input of the
// program before it otherwise. Lines of a redis.conf become the program that sets
// what they say. An error is a *usageError.
func readMessage(text, prefix string) (message, error) {
	text = trim(strings.ReplaceAll(text, "\r\n", "\n"))
	if prefix != "!" {
		text = strings.TrimPrefix(text, prefix)
	}
	if m, ok, err := readDefinition(text); ok {
		return m, err
	}
	head, block, tail, fenced := cutFence(text)
	switch {
	case !fenced:
		source, err := unwrap(withoutCodeSpan(text))
		return message{source: source}, err
	case tail != "":
		return message{}, &usageError{reason: "There is text behind the code block, so nothing was run. " +
			"A message has one block, and its program stands wholly inside or before it."}
	case isOnlyRedis(head):
		source, err := script(block)
		return message{source: source}, err
	default:
		source, err := unwrap(head)
		return message{source: source, stdin: block}, err
	}
}

// cutFence splits a text at its first fenced block. A language behind the
// opening fence ("```bash") belongs to the fence. An unclosed block runs to
// the end.
func cutFence(text string) (head, block, tail string, ok bool) {
	head, rest, ok := strings.Cut(text, fence)
	if !ok {
		return text, "", "", false
	}
	if first, more, lines := strings.Cut(rest, "\n"); lines && isLanguage(first) {
		rest = more
	}
	block, tail, _ = strings.Cut(rest, fence)
	return trim(head), block, trim(tail), true
}

// codeSpan is a message that a code span ends.
var codeSpan = regexp.MustCompile("(?s)^([^`]*)(`{1,2})([^`]+)(`{1,2})$")

// withoutCodeSpan takes off the backticks where all that stands behind the
// verb redis is one code span. To the shell they would mean a capture, whose
// output would be the command.
func withoutCodeSpan(text string) string {
	parts := codeSpan.FindStringSubmatch(text)
	if parts == nil || parts[2] != parts[4] || !isOnlyRedis(trim(parts[1])) {
		return text
	}
	return trim(parts[1] + parts[3])
}

func isLanguage(s string) bool {
	return !strings.ContainsAny(strings.TrimSpace(s), " \t|=!")
}

func isOnlyRedis(head string) bool {
	switch strings.TrimPrefix(head, "!") {
	case "", "redis", "redis-cli":
		return true
	}
	return false
}

// scriptStart is how a whole script begins, as it is pasted behind "!redis".
var scriptStart = regexp.MustCompile(`^(!|redis(-cli)?\s|railway\s|#|for\s|while\s|until\s|if\s|\(|\{\s|[A-Za-z_][A-Za-z0-9_]*=)`)

// bangScript is a script that begins without a verb: "!while …" loops. The
// shell would take the "!" for a negation of what is no command.
var bangScript = regexp.MustCompile(`^!(for\s|while\s|until\s|if\s|[A-Za-z_][A-Za-z0-9_]*=)`)

// unwrap takes the verb redis off a pasted script: "!redis for k in …" runs
// the loop, since Redis has no command called "for".
func unwrap(source string) (string, error) {
	if bangScript.MatchString(source) {
		return source[1:], nil
	}
	rest, ok := strings.CutPrefix(strings.TrimPrefix(source, "!"), "redis")
	if !ok || rest == "" || !strings.ContainsAny(rest[:1], " \t\n") {
		return script(source)
	}
	rest = strings.TrimSpace(rest)
	program, err := script(rest)
	if err != nil || program != rest || scriptStart.MatchString(rest) {
		return program, err
	}
	return source, nil
}

// script answers the program of a pasted text.
func script(text string) (string, error) {
	conf, ok, err := readConf(text)
	if !ok {
		return text, err
	}
	return conf.program(), nil
}
