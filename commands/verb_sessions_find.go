package commands

import (
	"context"
	"strings"

	"github.com/helix-collective/helix/redact"
)

const sessionPrefix = "session:"

// maxFound bounds how many sessions of one call are looked for among all keys.
const maxFound = 20

// sessionKeys answers the keys of the sessions that words mean: keys, ids, short
// forms of both, or what an id begins with.
func (t *turn) sessionKeys(ctx context.Context, words []string) ([]string, error) {
	var keys []string
	looked := 0
	for _, word := range words {
		key, err := t.exactly(ctx, word)
		if key == "" && err == nil {
			if looked++; looked > maxFound {
				return nil, unable("More than %d sessions would have to be looked for among all keys. Whole keys need not be; lines of `%ssessions list` bring them.", maxFound, t.prefix())
			}
			key, err = t.beginning(ctx, word)
		}
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// exactly answers the key that a word is, by itself or as an id, or that the
// channel was shown as the word; empty where there is none.
func (t *turn) exactly(ctx context.Context, word string) (string, error) {
	whole := word
	if !strings.HasPrefix(word, sessionPrefix) {
		whole = sessionPrefix + word
	}
	if redact.IsShort(word) {
		return t.keyShownAs(whole), nil
	}
	found, err := t.sessionsSeen().Find(ctx, redact.Pattern(whole), func(string) bool { return true }, 1)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

// keyShownAs answers the key that the channel was shown in a short form, if there
// is one and the caller may see it.
func (t *turn) keyShownAs(short string) string {
	if t.keysShown == nil {
		return ""
	}
	if start, dotted := strings.CutSuffix(short, "..."); dotted {
		short = start + redact.Ellipsis
	}
	found := t.keysShown.Find(short)
	if len(found) != 1 || !t.maySee(found[0]) {
		return ""
	}
	return found[0]
}

// beginning answers the only key whose id begins as a word says.
func (t *turn) beginning(ctx context.Context, word string) (string, error) {
	start := strings.TrimSuffix(strings.TrimSuffix(word, "..."), redact.Ellipsis)
	if start == "" || start == sessionPrefix {
		return "", unable("`%s` names no session.", word)
	}
	pattern, is := redact.Pattern(start+redact.Ellipsis), func(string) bool { return true }
	if !strings.HasPrefix(word, sessionPrefix) {
		pattern, is = sessionPrefix+"*"+pattern, func(key string) bool { return idBegins(key, start) }
	}
	found, err := t.sessionsSeen().Find(ctx, pattern, is, 2)
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", unable("There is no session `%s`; it may have ended.", word)
	case len(found) > 1:
		return "", unable("Several sessions begin with `%s`. Type more of the one that you mean.", word)
	}
	return found[0], nil
}

// idBegins reports whether the id in a key begins so.
func idBegins(key, start string) bool {
	id := strings.TrimPrefix(key, sessionPrefix)
	at := strings.LastIndexAny(id, ":}")
	return strings.HasPrefix(id, start) || strings.HasPrefix(id[at+1:], start)
}
