package guard

import "context"

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

// ShownKey answers a key as it may be seen: cut short where ids are hidden.
func (g *Guard) ShownKey(key string) string {
	if g.redaction == nil {
		return key
	}
	return string(g.redaction.Key(nil, []byte(key)))
}
