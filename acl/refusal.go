package acl

import (
	"fmt"
	"slices"
	"strings"
)

// Refused reports whether a server's error says that the user lacks a right. It
// knows what Redis 6.2 to 8 and Valkey say, in scripts too, where the error does
// not always begin with NOPERM.
func Refused(text string) bool {
	return strings.HasPrefix(text, "NOPERM ") || strings.Contains(text, "discarded because of: NOPERM ") || strings.Contains(text, "The user executing the script can't ")
}

// Mend says what a user lacks whom a server refused with this text, and how they
// get it: a sentence or two; "" where the text is no such refusal.
func Mend(text string) string {
	if !Refused(text) {
		return ""
	}
	command, named := refusedCommand(text)
	feature, known := needing(command)
	switch {
	case named && known:
		return fmt.Sprintf("Helix's user of Redis lacks `+%s`, which is needed for %s. Whoever runs Redis can give it that: `helix check --acl` prints the user (feature `%s`).",
			command, feature.Does, feature.Name)
	case named:
		return fmt.Sprintf("Helix's user of Redis lacks `+%s`, which goes with feature `%s` or `%s`. `helix check` tells which feature lacks what, and `helix check --acl` prints the user that has it.",
			command, Read, Write)
	case strings.Contains(text, "channel"):
		return "Helix's user of Redis may not use that channel. `helix check` tells whoever runs Redis which feature lacks what, and `helix check --acl` prints the user that has it."
	case strings.Contains(text, "key"):
		return "Helix's user of Redis may not do that with that key. `helix check` tells whoever runs Redis which feature lacks what, and `helix check --acl` prints the user that has it."
	}
	return "Helix's user of Redis lacks a right. `helix check` tells which, and `helix check --acl` prints the user that has all."
}

// refusedCommand finds the command that a refusal names: "config|set".
func refusedCommand(text string) (string, bool) {
	_, after, ok := strings.Cut(text, "to run the '")
	command, _, ended := strings.Cut(after, "'")
	return strings.ToLower(command), ok && ended
}

// needing answers the first feature that needs a command. Commands of a whole
// category are those of typed commands.
func needing(command string) (Feature, bool) {
	container, _, _ := strings.Cut(command, "|")
	for _, f := range Features() {
		for _, g := range f.Grants {
			words := strings.Fields(g.Commands)
			if slices.Contains(words, command) || slices.Contains(words, container) {
				return f, true
			}
			if slices.ContainsFunc(words, func(word string) bool { before, _, sub := strings.Cut(word, "|"); return sub && before == command }) {
				return f, true // a server before 7 names the container alone
			}
		}
	}
	return Feature{}, false
}
