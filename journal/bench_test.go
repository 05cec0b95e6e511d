package journal

import (
	"fmt"
	"testing"
)

// benchBatch is 500 keys with names of 90 bytes and dumps of 250, half of
// which compresses.
func benchBatch() []Image {
	batch, random := make([]Image, 500), noise(500*125)
	for i := range batch {
		name := fmt.Sprintf("session:user:user-%07d@example.com:{%08x}%043d", i, i*2654435761, i)
		content := fmt.Sprintf(`{"user_id":"user-%07d@example.com","ip":"10.0.%d.7","created_at":17000%05d.25,"last_accessed":17000%05d.5,"data":""}      `, i, i%256, i, i)
		batch[i] = Image{Name: []byte(name), Exists: true, Content: append([]byte(content), random[i*125:][:125]...), Deadline: 1_700_000_000_000}
	}
	return batch
}

func BenchmarkBefore(b *testing.B) {
	batch := benchBatch()
	bytes := int64(len(appendImages(nil, batch)))
	for name, sync := range map[string]bool{"lasting": true, "without the disk": false} {
		b.Run(name, func(b *testing.B) {
			w := begin(b, open(b, Options{MaxBytes: 1 << 40}), Header{ID: "x"})
			if !sync {
				w.file = forgetful{w.file}
			}
			b.SetBytes(bytes)
			b.ReportAllocs()
			for b.Loop() {
				must(b, w.Before(batch))
			}
			b.ReportMetric(float64(b.N*len(batch))/b.Elapsed().Seconds(), "keys/s")
		})
	}
}

// forgetful writes nothing.
type forgetful struct{ file }

func (forgetful) WriteAt(p []byte, at int64) (int, error) { return len(p), nil }
func (forgetful) Sync() error                             { return nil }
