package redact

import (
	"bytes"
	"strings"
)

// wordBytes are the bytes of tokens and of names.
var wordBytes = func() (set [256]bool) {
	for _, c := range []byte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+/") {
		set[c] = true
	}
	return set
}()

// wordEnd answers where the word that begins at a place ends, at most so many
// bytes further on.
func wordEnd(in []byte, at, most int) int {
	end := min(len(in), at+most)
	for at < end && wordBytes[in[at]] {
		at++
	}
	return at
}

// vendors are beginnings of tokens, with how many bytes follow at least.
var vendors = []struct {
	prefix string
	least  int
}{
	{"ghp_", 16}, {"gho_", 16}, {"ghu_", 16}, {"ghs_", 16}, {"ghr_", 16}, {"github_pat_", 16}, {"glpat-", 16},
	{"xoxa-", 8}, {"xoxb-", 8}, {"xoxe-", 8}, {"xoxp-", 8}, {"xoxr-", 8}, {"xoxs-", 8}, {"xapp-", 8},
	{"sk-", 16}, {"sk_", 16}, {"rk_", 16}, {"pk_", 16}, {"whsec_", 16},
	{"AKIA", 16}, {"ASIA", 16}, {"AIza", 30}, {"ya29", 0}, {"npm_", 20}, {"hf_", 20}, {"dop_v1_", 20}, {"shpat_", 16}, {"mfa", 0},
}

// dotted are those of the beginnings behind which a dot belongs to the token.
func dotted(prefix string) bool { return prefix == "ya29" || prefix == "mfa" }

// knownToken answers where a token ends that begins at a place, with the word
// to end, and whether one of a known form does.
func knownToken(in []byte, at, end int) (int, bool) {
	word := in[at:end]
	if bytes.HasPrefix(word, []byte("eyJ")) {
		if stop := dottedEnd(in, at); stop-at >= 16 {
			return stop, true
		}
	}
	for _, v := range vendors {
		switch {
		case !bytes.HasPrefix(word, []byte(v.prefix)):
		case !dotted(v.prefix):
			tail := word[len(v.prefix):]
			if len(tail) >= v.least && (len(tail) >= 32 || bytes.ContainsAny(tail, "0123456789")) {
				return end, true
			}
		case len(word) == len(v.prefix):
			if stop := dottedEnd(in, at); stop-at >= 24 {
				return stop, true
			}
		}
	}
	return discordToken(in, at, end)
}

// dottedEnd answers where words end that dots join.
func dottedEnd(in []byte, at int) int {
	limit := min(len(in), at+segment)
	for at < limit && (wordBytes[in[at]] || in[at] == '.' && at+1 < limit && wordBytes[in[at+1]]) {
		at++
	}
	return at
}

// discordToken knows a bot's token: an id, a time and a signature.
func discordToken(in []byte, at, end int) (int, bool) {
	if n := end - at; n < 23 || n > 30 || end >= len(in) || in[end] != '.' {
		return 0, false
	}
	second := wordEnd(in, end+1, 16)
	if n := second - end - 1; n < 5 || n > 8 || second >= len(in) || in[second] != '.' {
		return 0, false
	}
	third := wordEnd(in, second+1, 128)
	return third, third-second-1 >= 20
}

// isUUID reports whether a word has the form of a UUID.
func isUUID(word []byte) bool {
	if len(word) != 36 {
		return false
	}
	for i, c := range word {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !isHex(c) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}

const (
	hexRun     = 32 // hexadecimal digits in a row that are a token
	window     = 24 // letters and digits that are looked at together
	manyTurns  = 7  // changes of kind among them that words do not have
	noRun      = 0
	digitSeen  = 1
	letterSeen = 2
)

// random reports whether a word looks as if drawn by chance: long and
// hexadecimal, or changing between letters, capitals and digits more often than
// words do. A capital at the beginning of a word is one change and not two.
func random(word []byte) bool {
	if len(word) < window {
		return false
	}
	run, seen := 0, noRun
	var turns [window]bool
	count, n := 0, 0
	previous := byte(0)
	for _, c := range word {
		if isHex(c) {
			run++
			if c <= '9' {
				seen |= digitSeen
			} else {
				seen |= letterSeen
			}
			if run >= hexRun && seen == digitSeen|letterSeen {
				return true
			}
		} else {
			run, seen = 0, noRun
		}
		kind := kindOf(c)
		if kind == 0 {
			continue
		}
		turn := previous != 0 && kind != previous && !(previous == 'A' && kind == 'a')
		previous = kind
		slot := n % window
		if turns[slot] {
			count--
		}
		turns[slot] = turn
		if turn {
			count++
		}
		n++
		if n >= window && count >= manyTurns {
			return true
		}
	}
	return false
}

func kindOf(c byte) byte {
	switch {
	case c >= 'a' && c <= 'z':
		return 'a'
	case c >= 'A' && c <= 'Z':
		return 'A'
	case c >= '0' && c <= '9':
		return '0'
	}
	return 0
}

// isScheme reports whether a word stands before a credential in a header.
func isScheme(word []byte) bool {
	switch strings.ToLower(string(word)) {
	case "bearer", "basic":
		return true
	}
	return false
}

// isCredential tells what follows a scheme from an ordinary word.
func isCredential(word []byte) bool {
	if len(word) < 6 {
		return false
	}
	return bytes.ContainsAny(word, "0123456789._+/=") || bytes.ContainsAny(word[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
}

// maxAddress bounds how far the password in an address is looked for.
const maxAddress = 512

// password answers where in an address behind "://" the password stands.
func password(in []byte) (from, to int, ok bool) {
	in = in[:min(len(in), maxAddress)]
	limit := bytes.IndexAny(in, " \t\r\n\"'<>`\\")
	if limit < 0 {
		limit = len(in)
	}
	address := in[:limit]
	colon := bytes.IndexByte(address, ':')
	at := bytes.LastIndexByte(address, '@')
	if colon < 0 || at < colon || bytes.HasPrefix(address[at:], []byte("@]")) { // as in a usage: [user:password@]host
		return 0, 0, false
	}
	path := bytes.IndexByte(address, '/')
	if path >= 0 && path < at && bytes.IndexByte(address[:path], '@') < 0 &&
		(colon > path || path > colon+1 && len(bytes.Trim(address[colon+1:path], "0123456789")) == 0) {
		return 0, 0, false // a port, and an @ in the path
	}
	return colon + 1, at, at > colon+1
}
