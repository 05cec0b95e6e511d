package guard

import (
	"bytes"
	"slices"
	"strings"

	"github.com/helix-collective/helix/redact"
)

// monitored answers a line of MONITOR as it may be shown: of each command's
// words the keys shortened, and of the others what is secret hidden.
func (k *curtain) monitored(t *table, line []byte) []byte {
	if k == nil {
		return line
	}
	head, words, ok := readMonitored(line)
	if !ok {
		return k.Value(line)
	}
	out := slices.Clone(head)
	for i, shown := range k.command(t, words) {
		out = append(out, ' ')
		out = append(out, requoted(words[i], shown)...)
	}
	return out
}

// readMonitored takes a line apart: 1700000000.000001 [0 127.0.0.1:50000] "GET" "key".
func readMonitored(line []byte) (head []byte, words []string, ok bool) {
	i := bytes.Index(line, []byte(`] "`))
	if i < 0 {
		return nil, nil, false
	}
	u := unquoting{rest: string(line[i+1:])}
	for strings.HasPrefix(u.rest, ` "`) {
		u.take(2)
		u.word.Reset()
		if !u.quoted('"') {
			return nil, nil, false
		}
		words = append(words, u.word.String())
	}
	return line[:i+1], words, u.rest == ""
}

// command answers the words of a command as they may be shown.
func (k *curtain) command(t *table, words []string) []string {
	keys := commandKeys(t, words)
	secretFrom := credentials(words)
	if slices.ContainsFunc(keys, k.named) {
		secretFrom = 1
	}
	shown := slices.Clone(words)
	for i := 1; i < len(words); i++ {
		w := []byte(words[i])
		switch {
		case len(w) == 0:
		case slices.Contains(keys, words[i]) || looksLikeKey(w):
			shown[i] = string(k.key(w))
		case i >= secretFrom || i > 1 && (k.named(words[i-1]) || isSecret(words[i-1])):
			shown[i] = redact.Mask
		default:
			shown[i] = string(k.Value(w))
		}
	}
	return shown
}

// credentials answers from which word on a command tells who may do what, or
// with which password; beyond them all where it does not. The server hides most
// of that by itself, older ones less.
func credentials(words []string) int {
	switch strings.ToLower(words[0]) {
	case "acl":
		return 1
	case "auth", "hello", "migrate":
		if i := slices.IndexFunc(words, func(w string) bool { return strings.HasPrefix(strings.ToLower(w), "auth") }); i >= 0 {
			return i + 1
		}
	}
	return len(words)
}

// commandKeys answers the keys among the words of somebody's command.
func commandKeys(t *table, words []string) []string {
	cmd, unknown := t.find(words)
	if unknown != nil {
		return nil
	}
	uses, err := cmd.keys(cmd.rule.refined(words), words)
	if err != nil {
		return nil
	}
	keys := make([]string, len(uses))
	for i, u := range uses {
		keys[i] = u.key
	}
	return keys
}

// requoted writes a word as MONITOR does; the marks of what is hidden stay
// legible.
func requoted(word, shown string) string {
	quoted := string(appendQuoted(nil, []byte(shown)))
	if word == shown {
		return quoted
	}
	for _, mark := range []string{redact.Mask, redact.Ellipsis} {
		escaped := string(appendEscaped(nil, []byte(mark), escape))
		quoted = strings.ReplaceAll(quoted, escaped, mark)
	}
	return quoted
}

// messageChannel answers the channel that a message of a subscription came by;
// nil where the reply is none.
func messageChannel(r reply) []byte {
	if i := payloadAt(r); i > 0 {
		return r.elems[i-1].text
	}
	return nil
}

// payloadAt answers which element of a reply is a message's payload; 0 where
// it is no message.
func payloadAt(r reply) int {
	if len(r.elems) == 0 {
		return 0
	}
	switch kind := string(r.elems[0].text); {
	case kind == "pmessage" && len(r.elems) == 4:
		return 3
	case (kind == "message" || kind == "smessage") && len(r.elems) == 3:
		return 2
	}
	return 0
}

// published answers a reply to a subscription as it may be shown: names of
// channels as names of keys are, and the payload as a value.
func (k *curtain) published(r reply) reply {
	if k == nil {
		return r
	}
	payload := payloadAt(r)
	r.elems = slices.Clone(r.elems)
	for i := 1; i < len(r.elems); i++ {
		e := &r.elems[i]
		switch {
		case e.kind != bulkReply || len(e.text) == 0:
		case i != payload:
			e.text = k.channel(e.text)
		case k.named(string(messageChannel(r))):
			e.text = []byte(redact.Mask)
		case looksLikeKey(e.text):
			e.text = slices.Clone(k.key(e.text))
		default:
			e.text = k.Value(e.text)
		}
	}
	return r
}

// channel answers the name of a channel as it may be shown. Those of keyspace
// notifications end with a key: __keyspace@0__:session:….
func (k *curtain) channel(name []byte) []byte {
	if bytes.HasPrefix(name, []byte("__keyspace@")) {
		if i := bytes.Index(name, []byte("__:")); i > 0 {
			at := i + len("__:")
			return append(bytes.Clone(name[:at]), k.key(name[at:])...)
		}
	}
	return slices.Clone(k.key(name))
}
