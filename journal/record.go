package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/zstd"
)

// magic begins a file; the byte behind it is the version of the format.
const (
	magic     = "HELIX-J"
	version   = 1
	magicSize = len(magic) + 1
)

func start() []byte { return append([]byte(magic), version) }

// checkStart answers why a file that begins so cannot be read.
func checkStart(begin []byte) error {
	switch {
	case len(begin) < magicSize:
		return errors.New("nothing whole has been written to it")
	case string(begin[:len(magic)]) != magic:
		return errors.New("it is no journal")
	case begin[len(magic)] > version:
		return fmt.Errorf("it is in format %d, of a later version of Helix; this one knows up to %d", begin[len(magic)], version)
	case begin[len(magic)] < version:
		return fmt.Errorf("it is in format %d, which has never been", begin[len(magic)])
	}
	return nil
}

// Types of records. A reader passes over those that it does not know.
const (
	recordHeader = 'H' // JSON
	recordBefore = 'B' // images
	recordAfter  = 'A' // states of the images before
	recordVoid   = 'V' // the same, where all of them are void
	recordMark   = 'M' // text
	recordEnd    = 'E' // text
)

// head is what stands before a record's content: a byte of type and, in
// little-endian order, the number of images or states, the length of the
// content, its CRC-32C, and that of the head so far, by which a length can be
// trusted even where the content is damaged.
type head struct {
	kind   byte
	count  uint32
	length uint32
	sum    uint32
}

const headSize = 1 + 4 + 4 + 4 + 4

// maxContent bounds a record's content before it is compressed.
const maxContent = 1 << 30

func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) } // made once by the library

// put writes the head into the first bytes of to.
func (h head) put(to []byte) {
	to[0] = h.kind
	binary.LittleEndian.PutUint32(to[1:], h.count)
	binary.LittleEndian.PutUint32(to[5:], h.length)
	binary.LittleEndian.PutUint32(to[9:], h.sum)
	binary.LittleEndian.PutUint32(to[13:], crc32.Checksum(to[:13], castagnoli()))
}

// readHead answers the head that stands in from; ok is false if it is damaged.
func readHead(from []byte) (h head, ok bool) {
	if len(from) < headSize || crc32.Checksum(from[:13], castagnoli()) != binary.LittleEndian.Uint32(from[13:]) {
		return head{}, false
	}
	return head{
		kind: from[0], count: binary.LittleEndian.Uint32(from[1:]),
		length: binary.LittleEndian.Uint32(from[5:]), sum: binary.LittleEndian.Uint32(from[9:]),
	}, true
}

// packer makes records, in buffers that it uses again.
type packer struct {
	encoder *zstd.Encoder
	plain   []byte // content
	record  []byte
}

// maxWindow keeps the memory of an encoder small.
const maxWindow = 1 << 20

func newPacker() (*packer, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
		zstd.WithWindowSize(maxWindow), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, fmt.Errorf("start compression: %w", err)
	}
	return &packer{encoder: e}, nil
}

// pack answers a record of what is in plain. It is good until the next call.
func (p *packer) pack(kind byte, count int) ([]byte, error) {
	if len(p.plain) > maxContent {
		return nil, fmt.Errorf("%d bytes are too many for one batch of the journal, which takes %d", len(p.plain), maxContent)
	}
	if cap(p.record) < headSize {
		p.record = make([]byte, headSize, 1<<12)
	}
	p.record = p.encoder.EncodeAll(p.plain, p.record[:headSize])
	content := p.record[headSize:]
	head{kind, uint32(count), uint32(len(content)), crc32.Checksum(content, castagnoli())}.put(p.record)
	return p.record, nil
}

// rest gives back buffers that one large batch has left behind.
func (p *packer) rest() {
	const kept = 4 << 20
	if cap(p.plain) > kept {
		p.plain = nil
	}
	if cap(p.record) > kept {
		p.record = nil
	}
}
