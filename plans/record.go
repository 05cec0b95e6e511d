package plans

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"time"
)

const (
	// maxStep bounds one step in bytes.
	maxStep = 16 << 20

	// chunkSize is how much of the steps is held before it is put away.
	chunkSize = 256 << 10
)

// Recorder takes the steps of a plan in their order. It holds little of them:
// the rest goes to a file, where the store has a folder. It is for one
// goroutine at a time.
type Recorder struct {
	id     string
	medium medium
	limit  int64 // bytes of all steps
	chunk  []byte
	sum    hash.Hash
	steps  int64
	bytes  int64
	failed error // ends the recording
}

// errEnded is the state of a Recorder that was put or discarded.
var errEnded = errors.New("the recording has ended")

func newRecorder(id string, m medium, limit int64) *Recorder {
	r := &Recorder{id: id, medium: m, limit: limit, sum: sha256.New()}
	if !validID(id) { // it becomes the name of a file
		r.failed = fmt.Errorf("record plan %q: that is no id of one", id)
	}
	return r
}

// Add records one step: any bytes, which it copies. After an error nothing more
// is taken, and the plan cannot be put.
func (r *Recorder) Add(step []byte) error {
	if r.failed != nil {
		return r.failed
	}
	if r.failed = r.add(step); r.failed != nil {
		r.failed = fmt.Errorf("record a step of plan %s: %w", r.id, r.failed)
	}
	return r.failed
}

func (r *Recorder) add(step []byte) error {
	if len(step) > maxStep {
		return &TooLarge{"one step", maxStep}
	}
	if r.bytes+int64(len(step)) > r.limit {
		return &TooLarge{"steps", r.limit}
	}
	begin := len(r.chunk)
	r.chunk = binary.AppendUvarint(r.chunk, uint64(len(step)))
	r.chunk = append(r.chunk, step...)
	r.sum.Write(r.chunk[begin:])
	r.steps++
	r.bytes += int64(len(step))
	if len(r.chunk) < chunkSize {
		return nil
	}
	return r.flush()
}

func (r *Recorder) flush() error {
	err := r.medium.write(r.chunk)
	r.chunk = r.chunk[:0]
	return err
}

// Steps answers how many were recorded.
func (r *Recorder) Steps() int64 { return r.steps }

// Bytes answers how long all recorded steps are together.
func (r *Recorder) Bytes() int64 { return r.bytes }

// Discard forgets the steps. It does nothing to a plan that was put. A file
// that cannot be removed goes with the next sweep.
func (r *Recorder) Discard() {
	if errors.Is(r.failed, errEnded) {
		return
	}
	r.medium.discard()
	r.failed = errEnded
}

// seal makes the steps last until lapse, by the local clock.
func (r *Recorder) seal(lapse time.Time) error {
	if r.failed != nil {
		return r.failed
	}
	if err := r.flush(); err != nil {
		return fmt.Errorf("record plan %s: %w", r.id, err)
	}
	if err := r.medium.seal(lapse); err != nil {
		return fmt.Errorf("keep the steps of plan %s: %w", r.id, err)
	}
	r.failed = errEnded
	return nil
}

func (r *Recorder) hexSum() string { return hex.EncodeToString(r.sum.Sum(nil)) }
