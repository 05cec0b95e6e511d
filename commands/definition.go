package commands

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/helix-collective/helix/aliases"
	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/shell"
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

// beforeDefining refuses what no definition may be said in, or has its plan shown;
// shown says that this is all. Else it is recorded that the definition begins.
func (t *turn) beforeDefining(ctx context.Context, command, plan string) (shown bool, err error) {
	switch {
	case t.late:
		return false, &guard.Refused{Command: command, NeedsPlan: true}
	case t.mode == Only:
		t.waits = &Plan{Text: "Plan: " + plan + "."}
		return true, nil
	}
	if err := t.mayDoAtOnce(command); err != nil {
		return false, err
	}
	if err := t.recording.open(ctx); err != nil {
		return false, err
	}
	t.recording.note(plan)
	return false, nil
}

// maxDefined bounds what is read of a definition's line: any message fits.
const maxDefined = 16 << 10

// definedLine reads the line that is defined, which stands in the message.
func (t *turn) definedLine(call *shell.Call) (string, error) {
	if !t.defines {
		return "", &usageError{reason: "A definition is a message of its own: nothing stands before it."}
	}
	line, err := readAll(call, maxDefined)
	if addressed(line, t.prefix()) {
		line = strings.TrimPrefix(line, t.prefix())
	}
	switch {
	case err != nil:
		return "", err
	case line == "":
		return "", &usageError{reason: "There is no line. It stands behind the sign, or in a fenced block below."}
	case len(line) > aliases.MaxLine:
		return "", &usageError{reason: fmt.Sprintf("The line has %d bytes; %d are kept.", len(line), aliases.MaxLine)}
	case t.kept(line) != line:
		return "", &usageError{reason: "The line seems to hold a secret, and everybody could read it. Nothing was kept."}
	}
	return line, nil
}
