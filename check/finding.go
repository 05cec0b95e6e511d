// Package check holds a Redis server against what Helix needs and what the
// operations guide advises, and says of each finding what it means for the
// sessions and how to mend it. It changes nothing.
package check

import (
	"fmt"
	"io"
	"strings"
)

// Level says how grave a finding is.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Warning Level = "warning" // works, but somebody will regret it
	Fatal   Level = "fatal"   // Helix cannot do its work
)

// Finding is one thing that was looked at.
type Finding struct {
	Name   string // what was looked at: "Redis persistence"
	Level  Level
	Detail string // what was found, and what it means
	Mend   string // what to do about it; empty if nothing is to be done
}

// AnyFatal reports whether one of the findings is fatal.
func AnyFatal(findings []Finding) bool {
	for _, f := range findings {
		if f.Level == Fatal {
			return true
		}
	}
	return false
}

const textWidth = 76

// Print writes the findings as a table: one line each, wrapped, the mend below.
func Print(w io.Writer, findings []Finding) error {
	name := 0
	for _, f := range findings {
		name = max(name, len(f.Name))
	}
	for _, f := range findings {
		indent := fmt.Sprintf("%-7s  %-*s  ", f.Level, name, f.Name)
		if _, err := io.WriteString(w, wrap(indent, f.Detail)); err != nil {
			return err
		}
		if f.Mend == "" {
			continue
		}
		if _, err := io.WriteString(w, wrap(strings.Repeat(" ", len(indent))+"→ ", f.Mend)); err != nil {
			return err
		}
	}
	return nil
}

// wrap sets text behind a first indent, further lines below its start.
func wrap(indent, text string) string {
	var b strings.Builder
	line, room := indent, len([]rune(indent))
	blank := strings.Repeat(" ", room)
	used := 0
	for _, word := range strings.Fields(text) {
		if used > 0 && used+1+len([]rune(word)) > textWidth {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line, used = blank, 0
		}
		if used > 0 {
			line, used = line+" ", used+1
		}
		line, used = line+word, used+len([]rune(word))
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
	return b.String()
}
