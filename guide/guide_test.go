package guide_test

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/helix-collective/helix/guide"
)

func TestFind(t *testing.T) {
	for said, want := range map[string]string{
		"sessions": "sessions", "memory": "memory", "leaks": "leaks", "SESSIONS": "sessions", "security": "security",
		"oom": "memory", "OOM": "memory", "too many": "sessions", "there are too many sessions": "sessions", "logout": "leaks",
		"people can't log out": "leaks", "redis is out of memory": "memory", "the memory is full": "memory", "production": "configuration",
		"hijacking": "security", "no ttl": "sessions", "": "", "weather": "", "loom": "", "x": "",
	} {
		topic, ok := guide.Find(strings.Fields(said))
		if topic.Name != want || ok != (want != "") {
			t.Errorf("%q is %q, want %q", said, topic.Name, want)
		}
	}
}

// TestTopicsFit the messages and buttons that they are shown with.
func TestTopicsFit(t *testing.T) {
	seen := make(map[string]bool)
	for _, topic := range guide.Topics() {
		if seen[topic.Name] || strings.ContainsAny(topic.Name, " \n") || topic.Title == "" || topic.Text == "" || len(topic.Steps) == 0 {
			t.Errorf("topic %q is not whole, or there twice", topic.Name)
		}
		seen[topic.Name] = true
		for _, s := range topic.Steps {
			if utf8.RuneCountInString(s.Title) > 60 || s.Text == "" || len(s.Line) > 89 || s.Wants != strings.Contains(s.Line, "{}") && !strings.Contains(s.Line, "xargs") {
				t.Errorf("%s: step %q does not fit: %q", topic.Name, s.Title, s.Line)
			}
		}
	}
}

// source is the guide, beside the repository.
const source = "../../shared/guide.md"

var blanks = regexp.MustCompile(`[\s\\]+`)

// TestLinesAreTheGuides holds every line against the guide, where that is there.
func TestLinesAreTheGuides(t *testing.T) {
	text, err := os.ReadFile(source)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	whole := blanks.ReplaceAllString(string(text), " ")
	for _, topic := range guide.Topics() {
		lines := append([]string(nil), topic.Looks...)
		for _, s := range topic.Steps {
			lines = append(lines, s.Guide)
		}
		for _, line := range lines {
			if !strings.Contains(whole, blanks.ReplaceAllString(line, " ")) {
				t.Errorf("%s: the guide has no line %q", topic.Name, line)
			}
		}
	}
}
