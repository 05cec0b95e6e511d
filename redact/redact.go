// Package redact removes secrets from text. It knows them by the names of the
// fields that hold them and by their own shape, and it shortens ids of sessions
// in the names of keys. It is pure: it does no I/O, keeps nothing of what it
// sees, and takes time linear in it. Where it cannot be sure, it masks.
//
// Redacting a second time changes nothing, but that of a broken text more may
// be masked.
package redact

import (
	"fmt"
	"regexp"
	"slices"
)

// Mask stands in the place of a secret.
const Mask = "•••"

// Options adds to what is known as a secret.
type Options struct {
	Fields   []string // names of further fields, in any case and with any separators
	Patterns []string // RE2; what they match is masked. A match has at most 4 KiB
	Own      []string // secrets of the process itself, masked wherever they stand
}

// Redactor removes secrets. It may be used by several goroutines.
type Redactor struct {
	names    *names
	patterns []*regexp.Regexp
	own      []*regexp.Regexp // of those, the secrets of the process itself
}

// New returns a Redactor. The error names the pattern that is none.
func New(o Options) (*Redactor, error) {
	r := &Redactor{names: newNames(o.Fields)}
	for _, p := range o.Patterns {
		re, err := CompilePattern(p)
		if err != nil {
			return nil, err
		}
		r.patterns = append(r.patterns, re)
	}
	for _, secret := range o.Own {
		r.own = append(r.own, regexp.MustCompile(regexp.QuoteMeta(secret)))
	}
	r.patterns = append(r.patterns, r.own...)
	return r, nil
}

// Default returns a Redactor without additions.
func Default() *Redactor { return &Redactor{names: newNames(nil)} }

// CompilePattern reads one of Options.Patterns. One that matches the empty
// text would mask everything and is refused.
func CompilePattern(p string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(p)
	if err != nil {
		return nil, fmt.Errorf("%q is not a regular expression (RE2): %w", p, err)
	}
	if re.MatchString("") {
		return nil, fmt.Errorf("%q matches the empty text, so it would mask nothing or everything", p)
	}
	return re, nil
}

// Secret reports whether a field so named holds a secret.
func (r *Redactor) Secret(name string) bool { return r.names.secret(name) }

// Value answers a value as it may be shown: JSON, cut short or broken or
// within strings of other JSON, query strings, headers, serialised objects, or
// any other bytes. It answers the slice itself where there is nothing to hide.
func (r *Redactor) Value(value []byte) []byte { return r.redact(value, values) }

// Text answers a text that holds more than values, such as the output of a
// program. It leaves alone what in a value would be a secret by its randomness
// only: the ids of servers, commits and checksums look the same.
func (r *Redactor) Text(text []byte) []byte { return r.redact(text, texts) }

// Own answers a text without the secrets of the process itself; every other
// stays. It answers the slice itself where there is none.
func (r *Redactor) Own(text []byte) []byte { return maskPatterns(r.own, text) }

func (r *Redactor) redact(in []byte, m mode) []byte {
	masked := maskPatterns(r.patterns, in)
	s := scanner{r: r, mode: m, in: masked, last: true}
	s.run()
	if !s.changed {
		return masked
	}
	return s.rest()
}

// maskPatterns masks what the patterns match.
func maskPatterns(patterns []*regexp.Regexp, in []byte) []byte {
	for _, re := range patterns {
		if re.Match(in) {
			out, _ := maskMatches(patterns, in, len(in))
			return out
		}
	}
	return in
}

// maskMatches masks the matches that begin before a place, and answers where
// what it has dealt with ends: there, or where the last of them ends.
func maskMatches(patterns []*regexp.Regexp, in []byte, before int) (out []byte, end int) {
	var spans [][]int
	for _, re := range patterns {
		spans = append(spans, re.FindAllIndex(in, -1)...)
	}
	slices.SortFunc(spans, func(a, b []int) int { return a[0] - b[0] })
	at := 0
	for _, s := range spans {
		switch {
		case s[0] >= before || s[1] <= at:
			continue
		case s[0] >= at:
			out = append(append(out, in[at:s[0]]...), Mask...)
		}
		at = s[1]
	}
	end = max(at, before)
	return append(out, in[at:end]...), end
}
