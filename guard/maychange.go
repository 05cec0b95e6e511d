package guard

import (
	"context"
	"slices"

	"github.com/helix-collective/helix/redact"
)

// MayChange reports whether a call may change something, as far as its known
// words tell. args are what follows the word redis.
func (g *Guard) MayChange(ctx context.Context, args []Literal) bool {
	words := g.knownWords(args)
	in, err := parseInvocation(words)
	if err != nil || in.scan.on {
		return false // it says so when it runs
	}
	if len(in.argv) == 0 {
		return len(words) < len(args)
	}
	cmd, err := g.lookup(ctx, in.argv)
	if err != nil {
		return false
	}
	if len(cmd.subs) > 0 && len(in.argv) < 2 {
		return len(words) < len(args)
	}
	return cmd.rule.refined(in.argv).kind == changing || cmd.rule.refine != nil && len(words) < len(args)
}

// IsLive reports whether a call is a live view, which ends with its time and not
// with its answer, as far as its known words tell.
func (g *Guard) IsLive(args []Literal) bool {
	in, err := parseInvocation(g.knownWords(args))
	return err == nil && len(in.argv) > 0 && isView(in.argv[0])
}

// ShownKey answers a key as it may be seen: cut short where ids are hidden. It
// counts as shown, so that its short form stands for it from then on.
func (g *Guard) ShownKey(key string) string {
	if g.redaction == nil {
		return key
	}
	k := &curtain{redaction: g.redaction}
	return string(k.key([]byte(key)))
}

// ShownWords answers the words of a call as they may be kept and shown: keys
// cut short, and values masked that are secret by themselves, by the field
// before them or by their key. args are what follows the word redis; those that
// nothing can be told of stay as they are. It asks the server for nothing.
func (g *Guard) ShownWords(r *redact.Redactor, args []string) []string {
	shown := slices.Clone(args)
	in, err := parseInvocation(args)
	at := len(args) - len(in.argv)
	if err != nil || len(in.argv) == 0 || !slices.Equal(args[at:], in.argv) {
		return shown
	}
	k := &curtain{redaction: &redaction{Redactor: r}}
	copy(shown[at:], k.typed(g.tables.known(), in.argv))
	return shown
}

// typed answers the words of a call as they may be shown. Of a command that
// the table does not know all is secret behind a word that names a secret.
func (k *curtain) typed(t *table, words []string) []string {
	shown := k.command(t, words)
	if _, unknown := t.find(words); unknown == nil {
		return shown
	}
	from := slices.IndexFunc(words, k.named)
	for i := from + 1; from > 0 && i < len(words); i++ {
		shown[i] = redact.Mask
	}
	return shown
}
