package embedded

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// forward lets miniredis answer, and puts right where its reply is not Redis'.
func (c *call) forward(words []string) {
	three := c.peer.Resp3
	raw := c.nativeRaw(words, three)
	switch {
	case raw[0] == '-':
		c.stats.failed.Add(1)
		c.peer.WriteRaw(string(corrected(raw)))
	case three && !contextOf(c.peer).queuing:
		c.forwardThree(words, raw)
	default:
		c.peer.WriteRaw(string(raw))
	}
}

// corrected words an error as Redis does.
func corrected(raw []byte) []byte {
	const expiry = "-ERR invalid expire time in "
	if name, ok := bytes.CutPrefix(raw, []byte(expiry)); ok {
		return fmt.Appendf(nil, "%s'%s' command\r\n", expiry, bytes.TrimSpace(name))
	}
	return raw
}

// forwardThree answers in RESP 3, of which miniredis does a part: sets and
// pairs it answers as plain arrays.
func (c *call) forwardThree(words []string, raw []byte) {
	v, err := readValue(bufio.NewReader(bytes.NewReader(raw)))
	if err != nil {
		c.fail("ERR " + err.Error())
		return
	}
	switch name := strings.ToLower(words[0]); {
	case v.kind != '*' && v.kind != '%':
	case slices.Contains([]string{"sdiff", "sinter", "sunion"}, name):
		v.kind = '~'
	case inPairs(name, words):
		v = paired(v)
	}
	c.reply(v)
}

// inPairs reports whether a reply is of pairs: a member and its score, a field
// and its value.
func inPairs(name string, words []string) bool {
	option := "WITHSCORES"
	if name == "hrandfield" {
		option = "WITHVALUES"
	}
	return (name[0] == 'z' || name == "hrandfield") &&
		slices.ContainsFunc(words[1:], func(w string) bool { return strings.EqualFold(w, option) })
}

func paired(v value) value {
	var pairs []value
	for pair := range slices.Chunk(v.elems, 2) {
		if pair[0].kind == '*' {
			return v // they are already
		}
		pairs = append(pairs, array(pair...))
	}
	return array(pairs...)
}

// readValue reads one reply of RESP 2 or 3.
func readValue(r *bufio.Reader) (value, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return value{}, err
	}
	line = strings.TrimSuffix(line, "\r\n")
	v := value{kind: line[0], text: line[1:]}
	switch v.kind {
	case '$', '=', '!', '*', '~', '%', '>':
	default:
		return v, nil
	}
	n, err := strconv.Atoi(v.text)
	if err != nil {
		return v, fmt.Errorf("a length of %q", v.text)
	}
	if n < 0 {
		return null(v.kind), nil
	}
	if strings.IndexByte("$=!", v.kind) >= 0 {
		text := make([]byte, n+2)
		_, err := io.ReadFull(r, text)
		v.text = string(text[:n])
		return v, err
	}
	if v.text = ""; v.kind == '%' {
		n *= 2
	}
	for range n {
		e, err := readValue(r)
		if err != nil {
			return v, err
		}
		v.elems = append(v.elems, e)
	}
	return v, nil
}
