package keyspace

import "time"

// page is what one call answered. Its memory is used again for the next one.
type page struct {
	keys   [][]byte
	looked int           // places of the hash table that the call covered
	work   time.Duration // the server's

	memory []byte // what further keys are put into
	size   int    // of all keys, in bytes
}

// reset empties the page. The memory of one far beyond the usual is given back.
func (p *page) reset() {
	if cap(p.memory) > 2*maxReply {
		p.memory = nil
	}
	p.keys, p.memory, p.size = p.keys[:0], p.memory[:0], 0
}

// room adds a key of n bytes, which are still to be filled in.
func (p *page) room(n int) []byte {
	at := len(p.memory)
	if cap(p.memory)-at < n { // the keys so far keep what holds them
		at, p.memory = 0, make([]byte, 0, max(2*cap(p.memory), n, 4<<10))
	}
	p.memory = p.memory[:at+n]
	key := p.memory[at : at+n : at+n]
	p.keys = append(p.keys, key)
	p.size += n
	return key
}
