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
	if err != nil {
		return Head{}, "", fmt.Errorf("read %s: %w", headKey, err)
	}
	text := func(i int) string { t, _ := values[i].(string); return t }
	if text(0) == "" {
		h, err = s.lastEntry(ctx)
		return h, "", err
	}
	h.Seq, _ = strconv.ParseInt(text(0), 10, 64)
	h.First, _ = strconv.ParseInt(text(2), 10, 64)
	h.Hash = text(1)
	return h, text(3), nil
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
