// Package guide is the session guide as steps that can be taken: its problems with
// their diagnosis and solutions, and its sections. It is texts and lines alone,
// and runs nothing.
package guide

import (
	"slices"
	"strings"
)

// Topic is a problem of the guide, or one of its sections.
type Topic struct {
	Name    string // one word
	Title   string
	Problem bool     // else it is a section
	Words   []string // by which people mean it, in lower case
	Text    string   // of a problem the symptom; several lines of plain text
	Looks   []string // lines of the guide that only read, to be run
	Steps   []Step   // the solutions, or what the section advises
}

// Step is a thing that can be done.
type Step struct {
	Title string // at most 60 characters
	Text  string // what it does and what it costs; several lines of plain text
	Guide string // the guide's own line; empty: it has none
	Line  string // what to say to Helix, without a prefix; empty: nothing
	Wants bool   // {} in Line stands for words that are typed
}

// Topics answers the problems, and then the sections.
func Topics() []Topic {
	return []Topic{
		tooManySessions(), outOfMemory(), sessionLeaks(),
		monitoring(), configuration(), security(), performance(), quickReference(),
	}
}

// Find answers the topic that words mean: by its name, or by the words that
// people use for it.
func Find(words []string) (Topic, bool) {
	said := strings.ToLower(strings.Join(words, " "))
	topics := Topics()
	if i := slices.IndexFunc(topics, func(t Topic) bool { return t.Name == said }); i >= 0 {
		return topics[i], true
	}
	best, most := Topic{}, 0
	for _, t := range topics {
		if n := t.meant(said); n > most {
			best, most = t, n
		}
	}
	return best, most > 0
}

// meant answers how many letters of what was said speak for the topic.
func (t Topic) meant(said string) int {
	letters := 0
	for _, w := range t.Words {
		if strings.Contains(" "+said+" ", " "+w+" ") {
			letters += len(w)
		}
	}
	return letters
}

// Names answers the names of all topics, in their order.
func Names() []string {
	var names []string
	for _, t := range Topics() {
		names = append(names, t.Name)
	}
	return names
}
