package dump

import (
	"bytes"
	"crypto/sha256"
	"slices"
	"strconv"
)

// embeddedMark begins the dumps that package embedded makes: behind it stand a
// SHA-256 and, as an array in RESP, the commands that make the value anew,
// without their key.
const embeddedMark = "embedded-dump-1\n"

func digestEmbedded(content []byte) (Sum, error) {
	if len(content) < sha256.Size {
		return Sum{}, ErrDamaged
	}
	sum, body := content[:sha256.Size], content[sha256.Size:]
	if actual := sha256.Sum256(body); !bytes.Equal(sum, actual[:]) {
		return Sum{}, ErrDamaged
	}
	r := &reader{rest: body}
	commands := r.commands()
	d := newDigest()
	d.made(commands, r)
	if r.bad || len(r.rest) > 0 {
		d = newDigest()
		d.begin(unparsed)
		d.text(body)
	}
	return d.sum(), nil
}

// commands reads an array of arrays of strings.
func (r *reader) commands() (all [][][]byte) {
	for range r.times(r.header('*')) {
		var words [][]byte
		for range r.times(r.header('*')) {
			words = append(words, r.take(r.header('$')))
			r.take(uint64(len("\r\n")))
		}
		all = append(all, words)
	}
	return all
}

// header reads a line of a mark and a number.
func (r *reader) header(mark byte) uint64 {
	line, rest, found := bytes.Cut(r.rest, []byte("\r\n"))
	if !found || len(line) == 0 || line[0] != mark {
		r.spoil()
		return 0
	}
	n, err := strconv.ParseUint(string(line[1:]), 10, 63)
	if err != nil {
		r.spoil()
		return 0
	}
	r.rest = rest
	return n
}

// made takes in the value that commands make.
func (d *digest) made(commands [][][]byte, r *reader) {
	if len(commands) != 1 || len(commands[0]) == 0 {
		d.madeInTurn(streamMade, commands)
		return
	}
	words := slices.Values(commands[0][1:])
	switch name := string(commands[0][0]); {
	case name == "set" && len(commands[0]) == 2:
		d.begin(text)
		d.text(commands[0][1])
	case name == "rpush":
		d.elements(words)
	case name == "sadd":
		d.members(words)
	case name == "hset":
		d.fields(hashOf, r.pairs(words))
	case name == "zadd":
		d.fields(sortedSet, r.withScores(swapped(r.pairs(words))))
	case name == "xadd":
		d.madeInTurn(streamMade, commands)
	default:
		d.madeInTurn(unknownMade, commands)
	}
}

// swapped makes of scores and members, as ZADD takes them, members and scores.
func swapped(all []field) []field {
	for i, f := range all {
		all[i].name, all[i].value = f.value, f.name
	}
	return all
}

// madeInTurn takes in commands whose order matters.
func (d *digest) madeInTurn(kind byte, commands [][][]byte) {
	d.begin(kind)
	for _, words := range commands {
		d.number(uint64(len(words)))
		for _, word := range words {
			d.text(word)
		}
	}
}
