// Package suggest finds the word that somebody meant when they wrote another.
package suggest

import "strings"

// maxLength bounds the words compared; longer ones are never alike.
const maxLength = 64

// Nearest answers the known word that is most like word, and whether any is
// near enough: at most one slip in words of up to five letters, two in longer
// ones. Case does not matter. Of words equally near the first is answered.
func Nearest(word string, known []string) (string, bool) {
	word = strings.ToLower(word)
	best, least := "", 0
	for _, k := range known {
		d := Distance(word, strings.ToLower(k))
		if d > slips(min(len(word), len(k))) {
			continue
		}
		if best == "" || d < least {
			best, least = k, d
		}
	}
	return best, best != ""
}

func slips(length int) int {
	switch {
	case length < 2:
		return 0
	case length <= 5:
		return 1
	}
	return 2
}

// Distance counts the letters to insert, delete, replace or swap with their
// neighbour to make b of a (Damerau's distance, each place edited once). Words
// of more than 64 bytes are as far apart as the longer one is long.
func Distance(a, b string) int {
	if len(a) > maxLength || len(b) > maxLength {
		return max(len(a), len(b))
	}
	var before, last, row [maxLength + 1]int
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := last[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(last[j]+1, row[j-1]+1, replace)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last = last, row
	}
	return last[len(b)]
}
