package settings

import (
	"cmp"
	"slices"
	"strings"

	"github.com/helix-collective/helix/suggest"
)

const maxSuggestions = 3

// similarKeys answers the keys that somebody who wrote key may have meant, the
// likeliest first.
func similarKeys(key string) []string {
	var keys []string
	for _, s := range Table() {
		keys = append(keys, s.Key)
	}
	return nearest(key, keys)
}

// nearest answers the few words most like word: those at a small edit distance
// or, if there are none, those that begin with it or end in it.
func nearest(word string, words []string) []string {
	word = strings.ToLower(strings.TrimSpace(word))
	if word == "" || len(word) > 2*quotedMax {
		return nil
	}
	type candidate struct {
		word     string
		distance int
	}
	var found []candidate
	for _, w := range words {
		if d := likeness(word, w); d >= 0 {
			found = append(found, candidate{w, d})
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.distance, b.distance) })
	var near []string
	for _, c := range found {
		// A near miss makes the far ones noise.
		if len(near) < maxSuggestions && c.distance <= found[0].distance+1 {
			near = append(near, c.word)
		}
	}
	return near
}

// likeness answers how far two words are apart, or -1 if they are not alike.
// Missing sections and unfinished words count as more than a slip of a letter.
func likeness(word, w string) int {
	limit := max(1, min(len(word), len(w))/5)
	if d := suggest.Distance(word, w); d <= limit {
		return d
	}
	const cut = 20 // more than any slip
	switch _, name, _ := strings.Cut(w, "."); {
	case strings.HasSuffix(w, "."+word), strings.HasPrefix(word, w+"."):
		return cut
	case name != "" && suggest.Distance(word, name) <= max(1, min(len(word), len(name))/5):
		return cut + suggest.Distance(word, name)
	case len(word) >= 3 && strings.HasPrefix(w, word):
		return 2 * cut
	case len(word) >= 3 && strings.Contains(w, word):
		return 3 * cut
	}
	return -1
}
