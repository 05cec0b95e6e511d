package settings

import (
	"cmp"
	"slices"
	"strings"
)

const maxSuggestions = 3

// suggest answers the keys that somebody who wrote key may have meant, the
// likeliest first.
func suggest(key string) []string {
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
	if d := editDistance(word, w); d <= limit {
		return d
	}
	const cut = 20 // more than any slip
	switch _, name, _ := strings.Cut(w, "."); {
	case strings.HasSuffix(w, "."+word), strings.HasPrefix(word, w+"."):
		return cut
	case name != "" && editDistance(word, name) <= max(1, min(len(word), len(name))/5):
		return cut + editDistance(word, name)
	case len(word) >= 3 && strings.HasPrefix(w, word):
		return 2 * cut
	case len(word) >= 3 && strings.Contains(w, word):
		return 3 * cut
	}
	return -1
}

// editDistance counts the letters to insert, delete, replace or swap with
// their neighbour (Damerau's distance, each place edited once).
func editDistance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			best := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				best = min(best, rows[i-2][j-2]+1)
			}
			rows[i][j] = best
		}
	}
	return rows[len(a)][len(b)]
}
