package commands

import (
	"regexp"
	"strings"
)

// definitions are the messages that speak of a line without running it: an
// alias of a name, a schedule. What stands before the line is head.
var definitions = []struct {
	verb string
	form *regexp.Regexp // its groups: the head, the line
}{
	{"alias", regexp.MustCompile(`(?s)^!?\s*alias\s+([^\s=]+\s*=)(.*)$`)},
	{"every", regexp.MustCompile(`(?s)^!?\s*every\s+([^\n;|]*?):(?:\s+(.*))?$`)},
}

// readDefinition takes a definition apart: the line becomes what the verb reads,
// so that its pipes are no pipes of the message. The line stands behind the head,
// or in a fenced block.
func readDefinition(text string) (m message, ok bool, err error) {
	head, block, tail, fenced := cutFence(text)
	for _, d := range definitions {
		parts := d.form.FindStringSubmatch(head)
		if parts == nil {
			continue
		}
		line := trim(withoutCodeSpan(trim(parts[2])))
		switch {
		case fenced && (line != "" || tail != ""):
			return m, true, &usageError{reason: "The line stands behind `" + strings.TrimSpace(parts[1]) + "` or in the code block, not in both, so nothing was done."}
		case fenced:
			line = strings.TrimSpace(block)
		}
		if line, err = unwrap(line); err != nil {
			return m, true, err
		}
		return message{source: d.verb + " " + quoteWord(strings.TrimSpace(strings.TrimSuffix(parts[1], "="))) + " =", stdin: line, defines: true}, true, nil
	}
	return m, false, nil
}

// quoteWord writes a text as one word of the shell.
func quoteWord(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
