package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

var quoted = regexp.MustCompile("`[^`]+`")

// docs/asvs.md has every clause, and every test that it names is there.
func TestASVSNamesTestsThatExist(t *testing.T) {
	const file = "docs/asvs.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, clause := range strings.Fields("7.1.2 7.2.3 7.2.4 7.3.1 7.3.2 7.4.1 7.4.2 7.4.5 7.5.2 3.3.1 3.3.2 3.3.3 3.3.4") {
		_, row, found := strings.Cut(string(text), "\n| "+clause+" ")
		if row, _, _ = strings.Cut(row, "\n"); !found || !strings.Contains(row, "`Test") {
			t.Errorf("%s names no test for %s", file, clause)
		}
	}
	source, in := "", ""
	for _, word := range quoted.FindAllString(string(text), -1) {
		word = strings.Trim(word, "`")
		switch {
		case strings.HasSuffix(word, "_test.go"):
			content, err := os.ReadFile(word)
			if err != nil {
				t.Error(err)
			}
			source, in = string(content), word
		case strings.HasPrefix(word, "Test") && !strings.Contains(source, "\nfunc "+word+"(t *testing.T) {"):
			t.Errorf("%s names %s, which is not in %q", file, word, in)
		}
	}
}
