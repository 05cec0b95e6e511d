package alerts

import (
	"encoding/hex"
	"io"
	"strings"

	"go.uber.org/zap"
)

// newID makes an id that is not in use. Ids are drawn rather than counted: a
// count would begin again when Redis loses it, and name two incidents alike.
func (e *Engine) newID(prefix string) string {
	for {
		var drawn [4]byte
		if _, err := io.ReadFull(e.options.Random, drawn[:]); err != nil {
			e.options.Log.Error("draw an id", zap.Error(err))
		}
		if id := prefix + "-" + idText(drawn); !e.book.knows(id) {
			return id
		}
	}
}

// idLetters leave out those that are taken for another.
const idLetters = "23456789abcdefghjkmnpqrstuvwxyz"

func idText(drawn [4]byte) string {
	var b strings.Builder
	for _, d := range drawn {
		b.WriteByte(idLetters[int(d)%len(idLetters)])
	}
	return b.String()
}

func (e *Engine) newMark() string {
	var drawn [8]byte
	_, err := io.ReadFull(e.options.Random, drawn[:])
	if err != nil {
		e.options.Log.Error("draw a mark", zap.Error(err))
	}
	return hex.EncodeToString(drawn[:])
}
