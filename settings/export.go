package settings

import (
	"fmt"
	"strings"
)

// Export writes the live values as YAML, for config.yaml or for Import in
// another place. The other live settings stand there as comments with the
// value in force and where it comes from.
func (l *Live) Export() string {
	var b strings.Builder
	s := l.Snapshot()
	fmt.Fprintf(&b, "# Live settings of Helix, revision %d. Those behind a # come from elsewhere.\n", s.Revision())
	section := ""
	for _, item := range s.Items("") {
		if !item.Live {
			continue
		}
		name, leaf, _ := strings.Cut(item.Key, ".")
		if name != section {
			fmt.Fprintf(&b, "%s:\n", name)
		}
		section = name
		b.WriteString(exportRow(item, leaf))
	}
	return b.String()
}

func exportRow(item Item, leaf string) string {
	text := item.Value.String()
	row := leaf + ": " + yamlScalar(item.Setting, text)
	human := ""
	if h := item.Value.Human(); h != text {
		human = " # " + h
	}
	if item.Origin.Source == FromLive {
		return "  " + row + human + "\n"
	}
	return "  # " + row + " (" + item.Origin.String() + ")\n"
}
