package commands

import (
	"regexp"
	"strings"
)

// message is what a chat message asks: a program, and what the program reads.
type message struct {
	source string
	stdin  string
}

const fence = "```"

// verbWord is how a verb begins, right behind the prefix. "!!!" and "! well"
// are not for us.
var verbWord = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_.-]*`)

// addressed reports whether a text without a mention is meant for Helix: its
// first word is the prefix with a verb behind, or with a fenced block.
func addressed(text, prefix string) bool {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), prefix)
	return ok && (verbWord.MatchString(rest) || strings.HasPrefix(strings.TrimSpace(rest), fence))
}

// readMessage takes a message apart. A fenced block is the program where
// nothing but the verb redis stands before it, and standard input of the
// program before it otherwise.
func readMessage(text, prefix string) message {
	text = strings.TrimSpace(strings.ReplaceAll(text, "\r\n", "\n"))
	if prefix != "!" {
		text = strings.TrimPrefix(text, prefix)
	}
	head, block, fenced := cutFence(text)
	switch {
	case !fenced:
		return message{source: unwrap(text)}
	case isOnlyRedis(head):
		return message{source: block}
	default:
		return message{source: unwrap(head), stdin: block}
	}
}

// cutFence splits a text at its first fenced block. A language behind the
// opening fence ("```bash") belongs to the fence. An unclosed block runs to
// the end.
func cutFence(text string) (head, block string, ok bool) {
	head, rest, ok := strings.Cut(text, fence)
	if !ok {
		return text, "", false
	}
	if first, more, lines := strings.Cut(rest, "\n"); lines && isLanguage(first) {
		rest = more
	}
	block, _, _ = strings.Cut(rest, fence)
	return strings.TrimSpace(head), block, true
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
var scriptStart = regexp.MustCompile(`^(!|redis(-cli)?\s|#|for\s|while\s|until\s|if\s|\(|\{\s|[A-Za-z_][A-Za-z0-9_]*=)`)

// bangScript is a script that begins without a verb: "!while …" loops. The
// shell would take the "!" for a negation of what is no command.
var bangScript = regexp.MustCompile(`^!(for\s|while\s|until\s|if\s|[A-Za-z_][A-Za-z0-9_]*=)`)

// unwrap takes the verb redis off a pasted script: "!redis for k in …" runs
// the loop, since Redis has no command called "for".
func unwrap(source string) string {
	if bangScript.MatchString(source) {
		return source[1:]
	}
	rest, ok := strings.CutPrefix(strings.TrimPrefix(source, "!"), "redis")
	if !ok || rest == "" || !strings.ContainsAny(rest[:1], " \t\n") {
		return source
	}
	if rest = strings.TrimSpace(rest); scriptStart.MatchString(rest) {
		return rest
	}
	return source
}
