package commands

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/helix-collective/helix/redact"
	"github.com/helix-collective/helix/shell"
)

// typed are words of a message that hold a secret by what they are said to
// Redis, each with what stands in its place.
type typed []typedWord

type typedWord struct{ written, shown string }

// noteTyped finds the secrets among the words that calls give to Redis.
func (t *turn) noteTyped(ctx context.Context, msg message, calls []shell.SourceCall) {
	if msg.defines {
		calls = slices.Concat(calls, t.callsIn(msg.stdin))
	}
	for _, call := range calls {
		v, ok := t.verb(call.Name)
		if !call.Own && ok && v.name == "explain" {
			t.noteExplained(ctx, call)
		}
		if call.Own || !ok || v.name != "redis" {
			continue
		}
		args := withoutRedis(call.Args, staticText)
		words := make([]string, len(args))
		for i, a := range args {
			words[i] = a.Text
		}
		for i, shown := range t.guard.ShownWords(t.Redactor, words) {
			t.typed.add(args[i].Written, words[i], shown)
		}
		if msg.stdin != "" && slices.Contains(words, "-x") {
			t.typed.add(msg.stdin, msg.stdin, redact.Mask)
		}
	}
}

// callsIn answers the calls of a line that a message defines. What is none is
// looked at as what cannot be read.
func (t *turn) callsIn(line string) []shell.SourceCall {
	const name = "it"
	program, err := shell.ParseWith(name, func(called string) (string, bool) { return line, called == name })
	if err != nil {
		t.noteUnread(line)
		return nil
	}
	return program.Calls()
}

// noteExplained finds them in the line that a call has explained.
func (t *turn) noteExplained(ctx context.Context, call shell.SourceCall) {
	for _, a := range call.Args {
		if msg, program, err := t.read(ctx, a.Text); err == nil && a.Literal {
			t.noteTyped(ctx, msg, program.Calls())
		}
	}
}

// noteUnread finds them in a message that is no program.
func (t *turn) noteUnread(text string) {
	words := strings.Fields(text)
	at := slices.IndexFunc(words, func(w string) bool {
		v, ok := t.verb(strings.TrimPrefix(w, t.prefix()))
		return ok && v.name == "redis"
	})
	words = words[at+1:]
	for i, shown := range t.guard.ShownWords(t.Redactor, words) {
		t.typed.add(words[i], words[i], shown)
	}
}

// add notes a word, as it is written and as it is meant.
func (ts *typed) add(written, word, shown string) {
	if word == shown || word == "" {
		return
	}
	if quoted := strings.Replace(written, word, shown, 1); quoted != written {
		shown = quoted
	}
	*ts = append(*ts, typedWord{written, shown})
}

// hide answers a text without the secrets that were typed.
func (ts typed) hide(text string) string {
	for _, w := range ts {
		text = replaceWord(text, w.written, w.shown)
	}
	return text
}

// replaceWord replaces a word where it stands by itself, and is no part of a
// longer one.
func replaceWord(text, word, with string) string {
	var b strings.Builder
	for from := 0; ; {
		i := strings.Index(text[from:], word)
		if i < 0 {
			b.WriteString(text[from:])
			return b.String()
		}
		at := from + i
		end := at + len(word)
		before, _ := utf8.DecodeLastRuneInString(text[:at])
		after, _ := utf8.DecodeRuneInString(text[end:])
		b.WriteString(text[from:at])
		if at > 0 && inWord(before) || end < len(text) && inWord(after) {
			b.WriteString(word)
		} else {
			b.WriteString(with)
		}
		from = end
	}
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' }

// kept is a line as it may be kept: without secrets.
func (t *turn) kept(line string) string {
	line = t.typed.hide(line)
	if t.Conceal != nil {
		line = t.Conceal(line)
	}
	return string(t.Redactor.Text([]byte(line)))
}

// Kept answers a message as it may be kept: without the secrets that are typed
// to Redis, and those that show by their own shape or name.
func (d *Dispatcher) Kept(text string) string {
	ctx, cancel := context.WithTimeout(context.Background(), completeTimeout)
	defer cancel()
	t := d.turnOf(Request{Text: text})
	if msg, program, err := t.read(ctx, text); err == nil {
		t.noteTyped(ctx, msg, program.Calls())
	}
	return t.kept(text)
}
