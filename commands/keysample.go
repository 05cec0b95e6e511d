package commands

import (
	"cmp"
	"context"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/helix-collective/helix/permissions"
)

// How many keys one look at the keyspace takes, and how many the server goes
// through for it at most, so that it costs a few milliseconds however many there are.
const (
	sampleKeys   = 500
	sampleRounds = 8
	sampleStep   = 500
)

// sample answers some of the keys that begin with a text and that the caller may
// see. A server that is away has none.
func (c *completer) sample(ctx context.Context, prefix string) []string {
	scope := c.Policy.Scope(c.caller, permissions.Read)
	var mu sync.Mutex
	var found []string
	scan := func(ctx context.Context, server *redis.Client) error {
		return scanSome(ctx, server, prefix, func(key string) bool {
			mu.Lock()
			defer mu.Unlock()
			if scope.Allows(key) && !ownKey(key) {
				found = append(found, key)
			}
			return len(found) < sampleKeys
		})
	}
	switch client := c.Client.(type) {
	case *redis.ClusterClient:
		_ = client.ForEachMaster(ctx, scan) // what was found counts
	case *redis.Client:
		_ = scan(ctx, client)
	}
	return found
}

// scanSome visits some of a server's keys that begin with a text, until visit has
// enough of them.
func scanSome(ctx context.Context, server *redis.Client, prefix string, visit func(key string) bool) error {
	cursor := uint64(0)
	for range sampleRounds {
		keys, next, err := server.Scan(ctx, cursor, escapeGlob(prefix)+"*", sampleStep).Result()
		if err != nil {
			return err
		}
		for _, key := range keys {
			if !visit(key) {
				return nil
			}
		}
		if cursor = next; cursor == 0 {
			return nil
		}
	}
	return nil
}

// ownKey reports whether a key is of Helix's own state.
func ownKey(key string) bool {
	return strings.HasPrefix(key, "{helix}:") || strings.HasPrefix(key, "helix:")
}

// escapeGlob writes a text as a pattern that means the text.
func escapeGlob(text string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`, "]", `\]`).Replace(text)
}

// keysLike answers how a key could go on: up to the next colon what several keys
// have in common, those of most keys first, or else the key as it may be seen.
func (c *completer) keysLike(ctx context.Context, typed string) []string {
	count := make(map[string]int)
	for _, key := range c.sample(ctx, typed) {
		if part, _, more := strings.Cut(key[len(typed):], ":"); more {
			count[typed+part+":"]++
		} else {
			count[key]++
		}
	}
	guard := c.Guard
	if c.redact {
		guard = guard.WithRedaction(c.Redactor, c.shown.in(c.caller.Channel))
	}
	var found []string
	for _, key := range byCount(count) {
		shown := guard.ShownKey(key)
		if c.clean(shown) != shown || strings.HasSuffix(key, ":") && shown != key {
			continue // a secret, or an id within
		}
		if found = append(found, shown); len(found) == maxSuggestions {
			break
		}
	}
	return found
}

// byCount answers texts, those that come most often first.
func byCount(count map[string]int) []string {
	return slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b))
	})
}

// userPrefix begins the keys of signed-in people's sessions.
const userPrefix = sessionPrefix + "user:"

// userSource offers people who have sessions, those with many of them first.
func userSource(ctx context.Context, c *completer) []Suggestion {
	count := make(map[string]int)
	typed := c.word
	if i := strings.IndexAny(typed, "%:{}*?[]\\'\" \t"); i >= 0 {
		typed = typed[:i] // keys have what follows in other words
	}
	for _, key := range c.sample(ctx, userPrefix+typed) {
		part, _, _ := strings.Cut(strings.TrimPrefix(key, userPrefix), ":")
		if user, err := url.PathUnescape(part); err == nil && c.clean(user) == user {
			count[user]++
		}
	}
	return plainly(byCount(count))
}

// sessionSource offers sessions by their keys.
func sessionSource(ctx context.Context, c *completer) []Suggestion {
	typed := sessionPrefix + strings.TrimPrefix(c.word, sessionPrefix)
	return plainly(c.keysLike(ctx, typed))
}
