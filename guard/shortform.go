package guard

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/helix-collective/helix/keyspace"
	"github.com/helix-collective/helix/redact"
)

// resolve puts whole keys in the place of short forms among the call's words,
// and reports whether there were any. A key that has just such a name is meant
// itself.
func (c *call) resolve(ctx context.Context) (bool, error) {
	if c.redaction == nil || c.resolved {
		return false, nil
	}
	c.resolved = true
	changed := false
	for _, k := range c.keys {
		if !redact.IsShort(k.key) || isOwn(k.key) {
			continue
		}
		whole, err := c.whole(ctx, k.key)
		if err != nil {
			return false, err
		}
		c.argv = slices.Clone(c.argv)
		for i, word := range c.argv[1:] {
			if word == k.key {
				c.argv[i+1] = whole
			}
		}
		changed = true
	}
	return changed, nil
}

// whole answers the key that a short form stands for: what was shown so, or
// the only key that begins so.
func (c *call) whole(ctx context.Context, short string) (string, error) {
	found, err := c.existing(ctx, []string{short})
	if err != nil {
		return "", err
	}
	if len(found) == 0 && c.redaction.shown != nil {
		found = c.redaction.shown.Find(canonical(short))
	}
	if len(found) == 0 {
		if found, err = c.beginning(ctx, short); err != nil {
			return "", err
		}
	}
	switch len(found) {
	case 0:
		return "", &misuse{fmt.Sprintf("no key is shown as %q; it may have ended meanwhile", clip(short))}
	case 1:
		return found[0], nil
	}
	return "", &misuse{fmt.Sprintf("several keys are shown as %q; type more of the one that you mean, with %s at its end", clip(short), redact.Ellipsis)}
}

// canonical is a short form as it is shown, also where three dots were typed.
func canonical(short string) string {
	if n := len(short) - len("..."); n > 0 && short[n:] == "..." {
		return short[:n] + redact.Ellipsis
	}
	return short
}

// maxScans bounds how many short forms one Guard looks for by going through
// the keys.
const maxScans = 20

var errEnough = errors.New("enough was found")

// beginning answers the keys that the caller may see and that a short form may
// stand for: all, or two of several.
func (c *call) beginning(ctx context.Context, short string) ([]string, error) {
	if c.redaction.scans.Add(1) > maxScans {
		return nil, &misuse{fmt.Sprintf("%q is one short form too many to look for; keys that reach xargs or read unchanged need not be looked for", clip(short))}
	}
	var found []string
	err := c.scan(ctx, keyspace.Query{Pattern: redact.Pattern(short)}, func(key []byte) error {
		if found = append(found, string(key)); len(found) > 1 {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return found, err
}

// pattern is a pattern of KEYS as it is meant: a short form finds what it
// stands for.
func (c *call) pattern(typed string) string {
	if c.redaction == nil || !redact.IsShort(typed) {
		return typed
	}
	return strings.ReplaceAll(canonical(typed), redact.Ellipsis, "*")
}
