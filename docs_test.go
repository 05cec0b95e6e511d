package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/settings"
)

// What the documents call by name is there: functions, rooms, files, settings.
func TestDocumentsNameWhatThereIs(t *testing.T) {
	named := regexp.MustCompile("`([a-z/]+)\\.([A-Za-z]+)(?:\\.([A-Za-z]+))?`")
	for _, m := range named.FindAllStringSubmatch(readText(t, "docs/architecture.md"), -1) {
		room := m[1]
		if _, known := floors[room]; room != "main" && !known {
			continue // state.dir and its like
		}
		if !declares(t, room, m[2], m[3]) {
			t.Errorf("docs/architecture.md names %s, which there is not", m[0])
		}
	}
	for room := range floors {
		if room != "" && !strings.HasPrefix(room, "internal/") && !strings.Contains(readText(t, "docs/architecture.md")+readText(t, "README.md"), "`"+room+"`") {
			t.Errorf("no document says what %s is for", room)
		}
	}
}

// Commands, verbs, settings and variables that documents for operators name are
// there.
func TestDocumentsForOperatorsAreTrue(t *testing.T) {
	known := make(map[string]bool)
	for _, s := range settings.Table() {
		known[s.EnvName()], known[s.Env] = true, true
		known[s.EnvName()+"_FILE"], known[s.Env+"_FILE"] = s.Secret, s.Secret
	}
	var subs []string
	for _, s := range subcommands() {
		subs = append(subs, s.name)
	}
	for _, doc := range []string{"docs/operations.md", "docs/security.md", "docs/dependencies.md"} {
		text := readText(t, doc)
		for _, name := range variableNames.FindAllString(text, -1) {
			if !known[name] {
				t.Errorf("%s: %s is no setting's variable", doc, name)
			}
		}
		for _, m := range regexp.MustCompile("[`']!([a-z]+)").FindAllStringSubmatch(text, -1) {
			if !commands.Taken(m[1]) {
				t.Errorf("%s: !%s is no verb", doc, m[1])
			}
		}
		for _, m := range regexp.MustCompile("`helix ([a-z]+)").FindAllStringSubmatch(text, -1) {
			if !slices.Contains(subs, m[1]) {
				t.Errorf("%s: helix %s is no command", doc, m[1])
			}
		}
		for _, m := range regexp.MustCompile("`((?:redis|discord|health|audit|sessions|api|state|undo|commands|alerts|permissions|approvals)\\.[a-z_]+)`").FindAllStringSubmatch(text, -1) {
			if _, err := settings.Lookup(m[1]); err != nil && m[1] != "permissions.roles" && m[1] != "redis.railway" {
				t.Errorf("%s: %v", doc, err)
			}
		}
		for _, file := range regexp.MustCompile("deploy/[a-z.-]+[a-z]").FindAllString(text, -1) {
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: %v", doc, err)
			}
		}
	}
}

// declares reports whether a room declares a name, or a method of it.
func declares(t *testing.T, room, name, method string) bool {
	t.Helper()
	dir := room
	if room == "main" {
		dir = "."
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`(?m)^(?:func ` + name + `[\[(]|type ` + name + `\b)`)
	if method != "" {
		form = regexp.MustCompile(`(?m)^func \(\w+ \*?` + name + `\) ` + method + `\(`)
	}
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") && form.MatchString(readText(t, file)) {
			return true
		}
	}
	return false
}

// Links between documents lead somewhere, and each document is reached from the
// README.
func TestLinksOfDocumentsLeadSomewhere(t *testing.T) {
	docs, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`)
	readme := readText(t, "README.md")
	for _, doc := range append(docs, "README.md") {
		for _, m := range link.FindAllStringSubmatch(readText(t, doc), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s: %v", doc, err)
			}
		}
		if doc != "README.md" && !strings.Contains(readme, filepath.ToSlash(doc)) {
			t.Errorf("the README leads not to %s", doc)
		}
	}
}
