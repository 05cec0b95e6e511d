package text

import (
	"bytes"
	"strconv"
	"strings"
)

// byteSet is a set as tr's arguments write it, in order.
type byteSet struct {
	bytes   []byte
	classes []classAt
	fill    int // where [x*] stands in bytes, or -1
	filler  byte
	repeats bool // some [x*N] or [x*] stands in it
}

// classAt says where a class stands among the bytes.
type classAt struct {
	at   int
	name string
}

// maxRepeat bounds [x*N]; no set needs more than the bytes there are.
const maxRepeat = 1 << 16

// parseSet reads a set. complement answers the bytes that it leaves out.
func parseSet(src string, complement bool) (byteSet, error) {
	p := setParser{src: src, out: byteSet{fill: -1}}
	for p.at < len(p.src) {
		if err := p.item(); err != nil {
			return byteSet{}, err
		}
	}
	if complement {
		var rest []byte
		for c := range 256 {
			if bytes.IndexByte(p.out.bytes, byte(c)) < 0 {
				rest = append(rest, byte(c))
			}
		}
		p.out.bytes, p.out.classes = rest, nil
	}
	return p.out, nil
}

type setParser struct {
	src string
	at  int
	out byteSet
}

// item reads one byte, range, class, equivalent or repeat.
func (p *setParser) item() error {
	rest := p.src[p.at:]
	if strings.HasPrefix(rest, "[:") {
		if end := strings.Index(rest[2:], ":]"); end >= 0 {
			return p.class(rest[2:2+end], end+4)
		}
	}
	if strings.HasPrefix(rest, "[=") && len(rest) >= 5 && rest[3:5] == "=]" {
		p.out.bytes = append(p.out.bytes, rest[2])
		p.at += 5
		return nil
	}
	if rest[0] == '[' {
		if done, err := p.repeat(); done || err != nil {
			return err
		}
	}
	first := p.char()
	if p.at+1 < len(p.src) && p.src[p.at] == '-' {
		p.at++
		return p.span(first, p.char())
	}
	p.out.bytes = append(p.out.bytes, first)
	return nil
}

func (p *setParser) class(name string, length int) error {
	if _, known := inClass(name, 0); !known {
		return misuse("%q is no class of bytes", name)
	}
	p.out.classes = append(p.out.classes, classAt{len(p.out.bytes), name})
	for c := range 256 {
		if in, _ := inClass(name, byte(c)); in {
			p.out.bytes = append(p.out.bytes, byte(c))
		}
	}
	p.at += length
	return nil
}

func (p *setParser) span(first, last byte) error {
	if last < first {
		return misuse("the range %q-%q runs backwards", string(first), string(last))
	}
	for c := int(first); c <= int(last); c++ {
		p.out.bytes = append(p.out.bytes, byte(c))
	}
	return nil
}

// repeat reads [x*] or [x*N]; done is false if none stands here.
func (p *setParser) repeat() (done bool, err error) {
	q := setParser{src: p.src, at: p.at + 1}
	if q.at >= len(q.src) {
		return false, nil
	}
	c := q.char()
	rest := q.src[q.at:]
	end := strings.IndexByte(rest, ']')
	if end < 1 || rest[0] != '*' || strings.Trim(rest[1:end], "0123456789") != "" {
		return false, nil
	}
	digits, base := rest[1:end], 10
	if strings.HasPrefix(digits, "0") {
		base = 8
	}
	n, _ := strconv.ParseInt("0"+digits, base, 32)
	if n > maxRepeat {
		return true, misuse("the repeat %q is above %d", p.src[p.at:q.at+end+1], maxRepeat)
	}
	p.at = q.at + end + 1
	p.out.repeats = true
	if n > 0 {
		p.out.bytes = append(p.out.bytes, bytes.Repeat([]byte{c}, int(n))...)
		return true, nil
	}
	if p.out.fill >= 0 {
		return true, misuse("only one [x*] may stand in a set")
	}
	p.out.fill, p.out.filler = len(p.out.bytes), c
	return true, nil
}

// char reads one byte, escapes resolved.
func (p *setParser) char() byte {
	c := p.src[p.at]
	p.at++
	if c != '\\' || p.at == len(p.src) {
		return c
	}
	c = p.src[p.at]
	if '0' <= c && c <= '7' {
		n, length := octal(p.src[p.at:])
		p.at += length
		return n
	}
	p.at++
	if e, ok := escapes[c]; ok {
		return e
	}
	return c
}

// octal reads up to three octal digits that fit in a byte.
func octal(s string) (value byte, length int) {
	n := 0
	for length < 3 && length < len(s) && '0' <= s[length] && s[length] <= '7' {
		next := n*8 + int(s[length]-'0')
		if next > 255 {
			break
		}
		n = next
		length++
	}
	return byte(n), length
}

// expanded answers the bytes, [x*] filled up to the length wanted.
func (s *byteSet) expanded(length int) []byte {
	if s.fill < 0 {
		return s.bytes
	}
	missing := max(0, length-len(s.bytes))
	filled := bytes.Repeat([]byte{s.filler}, missing)
	s.bytes = append(append(append([]byte(nil), s.bytes[:s.fill]...), filled...), s.bytes[s.fill:]...)
	s.fill = -1
	return s.bytes
}

// matches holds the classes of a second set against the first's: only upper
// and lower may stand in it, each facing the other.
func (s *byteSet) matches(first byteSet) error {
	for _, c := range s.classes {
		if c.name != "upper" && c.name != "lower" {
			return misuse("only [:upper:] and [:lower:] may stand in SET2")
		}
		faced := false
		for _, f := range first.classes {
			faced = faced || f.at == c.at && (f.name == "upper" || f.name == "lower")
		}
		if !faced {
			return misuse("[:%s:] in SET2 must face [:upper:] or [:lower:] in SET1", c.name)
		}
	}
	return nil
}
