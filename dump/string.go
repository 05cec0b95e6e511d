package dump

import "encoding/binary"

// stringVersion is the format that OfString writes, of Redis 3: every later
// server takes it.
const stringVersion = 6

// rdbString is the type of a string in a payload.
const rdbString = 0

// OfString answers what DUMP might answer for a string: RESTORE makes that string
// of it.
func OfString(text []byte) []byte {
	p := make([]byte, 0, 1+5+len(text)+footerSize)
	p = append(p, rdbString)
	switch n := len(text); {
	case n < 1<<6:
		p = append(p, byte(n))
	case n < 1<<14:
		p = append(p, length14|byte(n>>8), byte(n))
	default:
		p = binary.BigEndian.AppendUint32(append(p, length32), uint32(n))
	}
	p = append(p, text...)
	p = binary.LittleEndian.AppendUint16(p, stringVersion)
	return binary.LittleEndian.AppendUint64(p, checksum(p))
}

// Text answers the string that a payload holds; ok is false where it holds
// something else or is damaged.
func Text(payload []byte) (text []byte, ok bool) {
	body, _, err := open(payload)
	if err != nil || body[0] != rdbString {
		return nil, false
	}
	r := &reader{rest: body[1:]}
	text = r.string()
	return text, !r.bad && len(r.rest) == 0
}
