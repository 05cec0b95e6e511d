package guard

import (
	"bytes"
	"encoding/binary"
	"errors"
)

// recorded is a changing call as a plan keeps it.
type recorded struct {
	db        int
	argv      []string
	each      []string // of a sweep, the keys that take the place of its second word
	absent    []string // keys that must not exist when it is made
	predicted []byte   // the reply that was foreseen, raw; empty where none was
}

// maxRecorded bounds one recorded call, in bytes; a plan takes as much.
const maxRecorded = 16 << 20

// append adds the call as bytes, each list and text behind its length.
func (r recorded) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(r.db))
	dst = appendTexts(dst, r.argv)
	dst = appendTexts(dst, r.absent)
	dst = binary.AppendUvarint(dst, uint64(len(r.predicted)))
	dst = append(dst, r.predicted...)
	if len(r.each) > 0 {
		dst = appendTexts(dst, r.each)
	}
	return dst
}

func appendTexts(dst []byte, list []string) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(list)))
	for _, text := range list {
		dst = binary.AppendUvarint(dst, uint64(len(text)))
		dst = append(dst, text...)
	}
	return dst
}

var errRecord = errors.New("a recorded command is damaged")

// parseRecorded reads what append wrote.
func parseRecorded(record []byte) (recorded, error) {
	p := &recordParser{rest: record}
	r := recorded{db: p.number()}
	r.argv, r.absent = p.texts(), p.texts()
	r.predicted = bytes.Clone(p.bytes())
	if len(p.rest) > 0 {
		r.each = p.texts()
	}
	if p.failed || len(p.rest) > 0 || len(r.argv) == 0 {
		return recorded{}, errRecord
	}
	return r, nil
}

type recordParser struct {
	rest   []byte
	failed bool
}

func (p *recordParser) number() int {
	n, size := binary.Uvarint(p.rest)
	if size <= 0 || n > maxRecorded {
		p.failed, p.rest = true, nil
		return 0
	}
	p.rest = p.rest[size:]
	return int(n)
}

func (p *recordParser) bytes() []byte {
	n := p.number()
	if n > len(p.rest) {
		p.failed, p.rest = true, nil
		return nil
	}
	b := p.rest[:n]
	p.rest = p.rest[n:]
	return b
}

func (p *recordParser) texts() []string {
	n := p.number()
	if n > len(p.rest) {
		p.failed = true
		return nil
	}
	var list []string
	for range n {
		list = append(list, string(p.bytes()))
	}
	return list
}
