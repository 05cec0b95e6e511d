package dump

// stream takes in a stream: its nodes, which are packs of entries in order, then
// what the versions of the format added behind them.
func (d *digest) stream(t byte, r *reader) {
	d.begin(stream)
	nodes := r.count()
	d.number(nodes)
	for range r.times(nodes) {
		d.text(r.string()) // the id that those of its entries count from
		elements := uint64(0)
		for element := range listpack(r.string(), r) {
			d.text(element)
			elements++
		}
		d.number(elements)
	}
	d.counts(r, 1+2) // how many entries, the last id
	if t > typeStream {
		d.counts(r, 2+2+1) // the first id, the last one deleted, entries ever added
	}
	if t > typeStream3 {
		d.text(r.take(uint64(len(r.rest)))) // as it stands
		return
	}
	d.groups(t, r)
}

func (d *digest) counts(r *reader, n uint64) {
	for range r.times(n) {
		d.number(r.count())
	}
}

func (d *digest) groups(t byte, r *reader) {
	n := r.count()
	d.number(n)
	for range r.times(n) {
		d.text(r.string())
		d.counts(r, 2) // the last id delivered
		if t > typeStream {
			d.counts(r, 1) // entries read
		}
		d.pending(r)
		d.consumers(t, r)
	}
}

// idSize is that of an entry's id as it stands: 64 bits of time, 64 of sequence.
const idSize = 16

// pending takes in the entries that a group has delivered and nobody has
// acknowledged: when, and how often.
func (d *digest) pending(r *reader) {
	n := r.count()
	d.number(n)
	for range r.times(n) {
		d.text(r.take(idSize + 8))
		d.counts(r, 1)
	}
}

func (d *digest) consumers(t byte, r *reader) {
	n := r.count()
	d.number(n)
	for range r.times(n) {
		d.text(r.string())
		d.text(seen(t, r))
		owned := r.count()
		d.number(owned)
		for range r.times(owned) {
			d.text(r.take(idSize))
		}
	}
}

// seen answers when a consumer was seen, and when it was active if that is another
// time: a server that knows both has them the same where it was told of one.
func seen(t byte, r *reader) []byte {
	if t <= typeStream2 {
		return r.take(8)
	}
	both := r.take(8 + 8)
	if len(both) == 16 && string(both[:8]) == string(both[8:]) {
		return both[:8]
	}
	return both
}
