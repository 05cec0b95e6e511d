package acl

import (
	"fmt"
	"strings"
)

//go:generate go test -run TestGenerated -update .

// The lines of docs/acl.md between which the table of features stands.
const (
	TableBegin = "<!-- acl:begin -->"
	TableEnd   = "<!-- acl:end -->"
)

// ReplaceTable answers a document with the table between TableBegin and TableEnd
// replaced by the present one.
func ReplaceTable(text string) (string, error) {
	before, rest, begun := strings.Cut(text, TableBegin)
	_, after, ended := strings.Cut(rest, TableEnd)
	if !begun || !ended {
		return "", fmt.Errorf("the lines %s and %s are missing", TableBegin, TableEnd)
	}
	return before + TableBegin + "\n" + table() + TableEnd + after, nil
}

// table is the features in Markdown, one row for each grant.
func table() string {
	var b strings.Builder
	b.WriteString("| feature | commands | on | what for |\n|---|---|---|---|\n")
	for _, f := range Features() {
		fmt.Fprintf(&b, "| **%s** | | | %s |\n", f.Name, f.Does)
		for _, g := range f.Grants {
			fmt.Fprintf(&b, "| | `%s` | %s | %s |\n", strings.ReplaceAll(g.Commands, "|", `\|`), g.where(), g.Why)
		}
	}
	return b.String()
}

// where says which keys and channels a grant is for.
func (g Grant) where() string {
	places := map[Place]string{
		OwnKeys:     "`{helix}:*` `helix:*`",
		SessionKeys: "`session:*` and Helix's own",
		ReadKeys:    "what the roles may read",
		ChangedKeys: "what the roles may change, and Helix's own",
	}
	text := places[g.On]
	if g.Channels != "" {
		text = strings.TrimSpace(text + " channels `" + g.Channels + "`")
	}
	return text
}
