package audit

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"go.uber.org/zap"
)

// headEvery is how often the chain's head goes to the log, where nobody who
// can write to Redis alone can change it.
const headEvery = 24 * time.Hour

// Head answers where the chain ends; Seq is 0 if it has no record yet.
func (l *Log) Head(ctx context.Context) (Head, error) {
	h, _, err := l.store.end(ctx)
	return h, err
}

func (w *writer) logHeadDaily() {
	if w.o.Now().Before(w.headDue) {
		return
	}
	ctx, cancel := context.WithTimeout(w.ctx, attempt)
	defer cancel()
	h, err := w.Head(ctx)
	if err != nil {
		w.o.Log.Warn("the audit's head could not be read", zap.Error(err))
		return
	}
	w.headDue = w.o.Now().Add(headEvery)
	w.o.Log.Info("audit head", zap.Int64("seq", h.Seq), zap.String("hash", h.Hash), zap.Int64("first", h.First))
}

// end reads where the chain ends and the anchor that trimming left.
func (s store) end(ctx context.Context) (h Head, anchor string, err error) {
	values, err := s.client.HMGet(ctx, headKey, "seq", "hash", "first", "anchor").Result()
	if err != nil && !wrongType(err) {
		return Head{}, "", fmt.Errorf("read %s: %w", headKey, err)
	}
	if h, anchor, ok := readHead(values); ok {
		return h, anchor, nil
	}
	h, err = s.lastEntry(ctx)
	return h, "", err
}

// readHead reads what the head's key holds; ok is false where that is not whole.
func readHead(values []any) (h Head, anchor string, ok bool) {
	var text [4]string
	for i, v := range values {
		text[i], _ = v.(string)
	}
	seq, seqErr := strconv.ParseInt(text[0], 10, 64)
	first, firstErr := strconv.ParseInt(text[2], 10, 64)
	whole := seqErr == nil && firstErr == nil && len(text[1]) == hashLength
	return Head{Seq: seq, Hash: text[1], First: first}, text[3], whole
}

// lastEntry tells the head where its own key is gone.
func (s store) lastEntry(ctx context.Context) (h Head, err error) {
	err = s.newestFirst(ctx, func(it item) bool {
		if r, ok := decode(it.body); ok {
			h = Head{Seq: r.Seq, Hash: it.hash, First: r.First}
		}
		return false
	})
	return h, err
}
