package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Summary is what a journal is, without what the keys held.
type Summary struct {
	Header
	Batches  int
	Images   int    // in all batches but those of which nothing was done
	Open     int    // batches of which nobody knows whether their change was made
	Ended    bool   // the change came to an end, good or bad
	Settled  bool   // and it is known what its last batch left
	Outcome  string // how it ended
	Mark     string // the last note
	Size     int64
	Modified time.Time
	Torn     bool // the end of the file is missing or damaged, and nobody is writing it
	Live     bool // somebody is writing it
	Damaged  int  // records before the end whose content is damaged; List does not look for them

	Unreadable string // why nothing of it can be read but its name, size and time
}

// ErrDamaged is a record whose content does not match its checksum.
var ErrDamaged = errors.New("a record of the journal is damaged")

// Reader reads a journal as it was when it was opened. It is for one goroutine,
// and keeps one batch in memory at a time.
type Reader struct {
	file    *os.File
	index   index
	summary Summary
	decoder *zstd.Decoder
	next    int
}

func openReader(path string, how depth) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open a journal: %w", err)
	}
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxContent))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start decompression: %w", err), f.Close())
	}
	r := &Reader{file: f, decoder: d}
	if err := r.load(how); err != nil {
		return nil, errors.Join(fmt.Errorf("read a journal: %w", err), r.Close())
	}
	return r, nil
}

// load reads all but the batches. Whether somebody writes is asked first: a
// record that is half there by then is no damage.
func (r *Reader) load(how depth) (err error) {
	free, err := lockShared(r.file)
	if err != nil {
		return err
	}
	info, err := r.file.Stat()
	if err != nil {
		return err
	}
	if r.index, err = scan(r.file, info.Size(), how); err != nil {
		return err
	}
	r.summary = Summary{Size: info.Size(), Modified: info.ModTime(), Live: !free}
	return r.summarize()
}

func (r *Reader) summarize() error {
	s, x := &r.summary, &r.index
	text, err := r.content(x.header)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, &s.Header); err != nil {
		return fmt.Errorf("its header: %w", err)
	}
	s.Torn, s.Damaged, s.Batches = x.torn && !s.Live, x.damaged, len(x.batches)
	for _, b := range x.batches {
		if b.after == nil {
			s.Open++
		}
		if b.after == nil || b.after.kind != recordVoid {
			s.Images += int(b.before.count)
		}
	}
	s.Ended, s.Settled = x.end != nil, x.settled()
	if s.Outcome, err = r.note(x.end); err != nil {
		return err
	}
	s.Mark, err = r.note(x.last)
	return err
}

// note answers the text of a record, none where there is no record. One that is
// damaged, where not every byte has been checked before, is counted.
func (r *Reader) note(p *place) (string, error) {
	if p == nil {
		return "", nil
	}
	text, err := r.text(*p)
	if errors.Is(err, ErrDamaged) {
		r.summary.Damaged++
		return "", nil
	}
	return text, err
}

// Summary answers what the journal is.
func (r *Reader) Summary() Summary { return r.summary }

// Close gives the file back.
func (r *Reader) Close() error {
	r.decoder.Close()
	if err := r.file.Close(); err != nil {
		return fmt.Errorf("close a journal: %w", err)
	}
	return nil
}

// Next answers the next batch, io.EOF behind the last. It passes over damaged
// ones, which Summary counts. Another error is that of one batch.
func (r *Reader) Next() (Batch, error) {
	for r.next < len(r.index.batches) {
		r.next++
		b, err := r.Batch(r.next - 1)
		if !errors.Is(err, ErrDamaged) {
			return b, err
		}
	}
	return Batch{}, io.EOF
}

// Backwards yields the batches from the last to the first, and passes over
// damaged ones as Next does. An error is that of one batch: others may follow.
func (r *Reader) Backwards() iter.Seq2[Batch, error] {
	return func(yield func(Batch, error) bool) {
		for n := len(r.index.batches) - 1; n >= 0; n-- {
			b, err := r.Batch(n)
			if errors.Is(err, ErrDamaged) {
				continue
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// Batch answers the batch of a number, from 0 up to the number of batches. Of a
// damaged one the error is ErrDamaged.
func (r *Reader) Batch(n int) (Batch, error) {
	if n < 0 || n >= len(r.index.batches) {
		return Batch{}, fmt.Errorf("batch %d of a journal of %d", n, len(r.index.batches))
	}
	b, err := r.batch(r.index.batches[n])
	if err != nil {
		return Batch{}, fmt.Errorf("batch %d of the journal: %w", n, err)
	}
	b.Number = n
	return b, nil
}

func (r *Reader) batch(p batchPlaces) (b Batch, err error) {
	content, err := r.content(p.before)
	if err != nil {
		return b, err
	}
	if b.Images, err = readImages(content, int(p.before.count)); err != nil {
		return b, err
	}
	// Other states than there are images tell nothing of any.
	if p.after != nil && p.after.count == p.before.count {
		if content, err = r.content(*p.after); err != nil {
			return b, err
		}
		if b.States, err = readStates(content, int(p.after.count)); err != nil {
			return b, err
		}
	}
	b.Marks, err = r.texts(p.marks)
	return b, err
}

// Marks answers the notes that were written before the first batch.
func (r *Reader) Marks() ([]string, error) { return r.texts(r.index.opening) }

func (r *Reader) texts(places []place) (all []string, err error) {
	for _, p := range places {
		text, err := r.text(p)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}

func (r *Reader) text(p place) (string, error) {
	content, err := r.content(p)
	return string(content), err
}

// content reads and uncompresses a record, and checks it once more: what is
// taken back has to be what was.
func (r *Reader) content(p place) ([]byte, error) {
	if p.damaged {
		return nil, ErrDamaged
	}
	compressed := make([]byte, p.length)
	if _, err := r.file.ReadAt(compressed, p.at); err != nil {
		return nil, err
	}
	if crc32.Checksum(compressed, castagnoli()) != p.sum {
		return nil, ErrDamaged
	}
	plain, err := r.decoder.DecodeAll(compressed, nil)
	if err != nil {
		return nil, fmt.Errorf("uncompress a record: %w", err)
	}
	return plain, nil
}
