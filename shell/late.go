package shell

// late is bytes of a stream that are not known yet, and what was written behind
// them meanwhile.
type late struct {
	known  func() bool
	wait   func() ([]byte, error)
	behind *chunk
}

// WriteLate adds bytes that are not known yet: they take their place in the
// stream, and what is written later stands behind them. wait answers them, at
// once where known reports true. It is called when what follows has to be
// handed on, on Flush, at the stream's end or once much has gathered, so it must
// not itself come back to this Writer. Its error is the Writer's from then on.
func (w *Writer) WriteLate(known func() bool, wait func() ([]byte, error)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.noteHangUp()
	w.takeIn()
	if w.err != nil || w.drops {
		return w.err
	}
	w.lates = append(w.lates, late{known: known, wait: wait, behind: &chunk{}})
	return nil
}

// takeIn puts late bytes that are known where they belong, up to the first that
// are not.
func (w *Writer) takeIn() {
	n := 0
	for n < len(w.lates) && w.err == nil && w.lates[n].known() {
		w.settleOne(w.lates[n])
		n++
	}
	w.forgetLates(n)
}

// settle waits for all late bytes.
func (w *Writer) settle() {
	n := 0
	for n < len(w.lates) && w.err == nil {
		w.settleOne(w.lates[n])
		n++
	}
	w.forgetLates(n)
}

// settleOne adds late bytes and what stands behind them.
func (w *Writer) settleOne(l late) {
	text, err := l.wait()
	if err != nil {
		w.flush() // what came until then
		w.err = err
		return
	}
	if w.cur != nil && w.cur.full() {
		w.flush()
	}
	if w.cur == nil {
		w.cur = newChunk()
	}
	w.cur.data = append(w.cur.data, text...)
	w.cur.absorb(l.behind)
	w.behind -= l.behind.gathered()
}

// forgetLates drops the first n, or all once the Writer has failed.
func (w *Writer) forgetLates(n int) {
	if w.err != nil {
		n = len(w.lates)
		w.behind = 0
	}
	clear(w.lates[:n])
	w.lates = w.lates[n:]
}

// gathered is how many bytes were written to the chunk.
func (c *chunk) gathered() int { return len(c.data) + len(c.keys) }
