package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// licences are those that a dependency may have, by words of their texts.
var licences = map[string]string{
	"MIT":    "Permission is hereby granted, free of charge",
	"BSD":    "Redistribution and use in source and binary forms",
	"Apache": "Apache License",
	"MPL":    "Mozilla Public License Version 2.0",
	"FTL":    "Freetype-Go software is subject to your choice of exactly one of the following",
}

// Every module that is linked or used by tests is under a licence that we know,
// and docs/dependencies.md says why those are there that go.mod names itself.
func TestDependenciesAreKnown(t *testing.T) {
	const format = `{{with .Module}}{{if not .Main}}{{.Path}} {{.Indirect}} {{.Dir}}{{end}}{{end}}`
	out, err := exec.Command("go", "list", "-deps", "-test", "-f", format, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	doc := readText(t, "docs/dependencies.md")
	seen := make(map[string]bool)
	for _, line := range strings.Fields(strings.ReplaceAll(string(out), " ", "\x00")) {
		parts := strings.SplitN(line, "\x00", 3)
		path, direct, dir := parts[0], parts[1] == "false", parts[2]
		if seen[path] {
			continue
		}
		seen[path] = true
		named := licenceOf(t, dir)
		if named == "" {
			t.Errorf("%s has a licence that is not known here", path)
		}
		if row := "| `" + path + "` |"; direct && (!strings.Contains(doc, row) || !strings.HasSuffix(strings.SplitN(strings.SplitN(doc, row, 2)[1], "\n", 2)[0], "| "+named+" |")) {
			t.Errorf("docs/dependencies.md does not say why there is %s, or that it is under %s", path, named)
		}
	}
	if len(seen) < 20 || strings.Count(doc, "\n| `") > len(seen) {
		t.Errorf("%d modules were looked at", len(seen))
	}
}

// licenceOf answers the licence in a module's folder; "" for none that we know.
func licenceOf(t *testing.T, dir string) string {
	t.Helper()
	for _, name := range []string{"LICENSE", "LICENSE.txt", "LICENSE.md", "COPYING"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			continue
		}
		flat := strings.Join(strings.Fields(string(text)), " ")
		for _, licence := range []string{"FTL", "MPL", "Apache", "BSD", "MIT"} {
			if found := strings.Index(flat, licences[licence]); found >= 0 && found < 700 {
				return licence
			}
		}
		for _, licence := range []string{"BSD", "MIT"} {
			if strings.Contains(flat, licences[licence]) {
				return licence
			}
		}
	}
	return ""
}
