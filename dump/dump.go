// Package dump tells whether two answers of Redis' DUMP hold the same content,
// which their bytes do not: LZF compresses one string differently from call to
// call, a hash table hands out its members in any order, and the same members
// may stand in a compact encoding or in a large one. It never talks to a
// server, and never makes a value from a dump.
package dump

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"hash"
	"hash/crc64"
	"sync"
)

// Sum is a digest of a value's content, a SHA-256 cut short. The zero Sum is
// that of no value.
type Sum [16]byte

// ErrDamaged is a payload that DUMP did not answer, or that did not arrive whole.
var ErrDamaged = errors.New("a dump whose checksum does not match its content")

// Digest answers the sum of a payload's content. Payloads of equal content have
// equal sums, whatever the encodings: elements of a list in their order, members
// of sets, hashes and sorted sets in any order, a field's deadline as a time. Of
// a stream, entries deleted but not yet swept away count as content, and so do
// the times at which consumers were seen.
//
// The sum of a type that is not known here, that of a module for one, is taken
// of the payload's bytes: then equal sums still mean equal content, but unequal
// ones may not mean a difference. The same holds for a known type that another
// server lays out in its own way.
//
// It takes no more memory than a small multiple of the content, uncompressed.
func Digest(payload []byte) (Sum, error) {
	if content, ok := bytes.CutPrefix(payload, []byte(embeddedMark)); ok {
		return digestEmbedded(content)
	}
	body, version, err := open(payload)
	if err != nil {
		return Sum{}, err
	}
	d := newDigest()
	r := &reader{rest: body[1:]}
	if !d.value(body[0], version, r) || r.bad || len(r.rest) > 0 {
		d = newDigest()
		d.begin(unparsed)
		d.text(body)
	}
	return d.sum(), nil
}

// A payload ends with the version of its format, in two bytes, and with the
// CRC-64 of all before, in eight; none of them in big-endian order.
const (
	checksumSize = 8
	footerSize   = 2 + checksumSize
)

// open checks a payload's footer and answers what stands before it, which is
// one byte at least.
func open(payload []byte) (body []byte, version uint16, err error) {
	if len(payload) <= footerSize {
		return nil, 0, ErrDamaged
	}
	summed, footer := payload[:len(payload)-checksumSize], payload[len(payload)-checksumSize:]
	// A server that was told to skip checksums writes zero.
	if sum := binary.LittleEndian.Uint64(footer); sum != 0 && sum != checksum(summed) {
		return nil, 0, ErrDamaged
	}
	body = payload[:len(payload)-footerSize]
	return body, binary.LittleEndian.Uint16(payload[len(body):]), nil
}

// jones is the table of the polynomial of Redis' CRC-64, whose bits are
// reversed here.
var jones = sync.OnceValue(func() *crc64.Table { return crc64.MakeTable(0x95ac9329ac4bc9b5) })

// checksum is Redis' CRC-64, which unlike that of the library begins at zero
// and is not inverted at its end.
func checksum(p []byte) uint64 {
	return ^crc64.Update(^uint64(0), jones(), p)
}

// What a sum is of, so that a list and a set of the same texts differ.
const (
	unparsed    = 'u'
	text        = 's'
	list        = 'l'
	set         = 'e'
	sortedSet   = 'z'
	hashOf      = 'h'
	stream      = 'x'
	streamMade  = 'X' // by the commands that add its entries
	unknownMade = 'U' // by commands that are not known here
)

// digest takes in content, piece by piece, in a form that is the same for the
// same pieces only.
type digest struct {
	h       hash.Hash
	scratch []byte
}

func newDigest() *digest {
	return &digest{h: sha256.New(), scratch: make([]byte, 0, binary.MaxVarintLen64)}
}

func (d *digest) begin(kind byte) { d.h.Write(append(d.scratch, kind)) }

func (d *digest) number(n uint64) { d.h.Write(binary.AppendUvarint(d.scratch, n)) }

func (d *digest) text(b []byte) {
	d.number(uint64(len(b)))
	d.h.Write(b)
}

func (d *digest) sum() (s Sum) {
	copy(s[:], d.h.Sum(nil))
	return s
}
