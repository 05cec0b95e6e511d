package commands

import (
	"context"
	"slices"
	"strings"
)

// redisSource offers how what stands behind redis could go on: commands of Redis,
// keys, and what may stand behind a pipe; before anything stands there, examples.
func redisSource(ctx context.Context, c *completer) []Suggestion {
	if c.word != "" {
		return c.lines(ctx, "redis ")
	}
	var list []Suggestion
	for _, example := range redisVerb().examples {
		line := strings.TrimPrefix(example, "!redis ")
		list = append(list, Suggestion{line, line})
	}
	return list
}

// lineSource offers how a program could go on.
func lineSource(ctx context.Context, c *completer) []Suggestion { return c.lines(ctx, "") }

// wordSource offers how the words of one command could go on.
func wordSource(ctx context.Context, c *completer) []Suggestion {
	words := strings.Fields(c.before)
	if len(words) == 0 {
		return plainly(c.verbNames(""))
	}
	return plainly(append(c.candidates(ctx, words, c.word, false), c.keyWords(ctx, words, c.word)...))
}

// lines answers how a program could go on that begins with verb.
func (c *completer) lines(ctx context.Context, verb string) []Suggestion {
	words, word, first := stageAt(verb + c.word)
	before := c.word[:len(c.word)-len(word)]
	var list []Suggestion
	known := c.candidates(ctx, words, word, first)
	slices.Sort(known)
	for _, found := range append(known, c.keyWords(ctx, words, word)...) {
		if strings.HasPrefix(found, word) {
			list = append(list, Suggestion{before + found, before + found})
		}
	}
	return list
}

// keyWords answers the keys that could be the word of a call of redis.
func (c *completer) keyWords(ctx context.Context, words []string, word string) []string {
	at := slices.IndexFunc(words, func(w string) bool { return isRedis(strings.TrimPrefix(w, c.prefix())) })
	if at < 0 {
		return nil
	}
	args := words[at+1:]
	if len(args) > 0 && isRedis(args[0]) {
		args = args[1:]
	}
	switch {
	case len(args) == 0:
		return nil
	case strings.EqualFold(args[0], "keys") || args[len(args)-1] == "--pattern":
		return patterns(c.keysLike(ctx, word))
	case c.takesKey(ctx, args):
		return c.keysLike(ctx, word)
	}
	return nil
}

// takesKey reports whether a key may follow the words of a call.
func (c *completer) takesKey(ctx context.Context, args []string) bool {
	const anyKey = "\x00"
	d, err := c.Guard.Describe(ctx, append(slices.Clone(args), anyKey))
	return err == nil && slices.Contains(d.Keys, anyKey)
}

// patterns makes patterns of parts of keys.
func patterns(parts []string) []string {
	for i, p := range parts {
		if strings.HasSuffix(p, ":") {
			parts[i] += "*"
		}
	}
	return parts
}
