package outbound

import (
	"time"

	"go.uber.org/zap"
)

// Discord shuts out who makes 10,000 invalid requests in ten minutes. It counts
// 401, 403 and 429 (but those of a shared limit); here every refusal counts.
const (
	invalidPer   = 10 * time.Minute
	invalidMost  = 8000 // where all requests pause
	invalidCells = 20
	invalidCell  = invalidPer / invalidCells
)

// invalid counts refusals in the last ten minutes, by halves of a minute.
type invalid struct {
	cells [invalidCells]struct {
		n    int64 // which half minute
		many int
	}
	sum    int
	newest int64
}

func (i *invalid) add(now time.Time) {
	i.expire(now)
	n := now.UnixNano() / int64(invalidCell)
	c := &i.cells[n%invalidCells]
	c.n = n
	c.many++
	i.sum++
}

// expire forgets what is older than ten minutes.
func (i *invalid) expire(now time.Time) {
	n := now.UnixNano() / int64(invalidCell)
	if n == i.newest {
		return
	}
	i.newest = n
	for c := range i.cells {
		if i.cells[c].many > 0 && i.cells[c].n <= n-invalidCells {
			i.sum -= i.cells[c].many
			i.cells[c].many = 0
		}
	}
}

// until is the time until which everything pauses; zero if nothing does.
func (i *invalid) until(now time.Time) time.Time {
	i.expire(now)
	if i.sum < invalidMost {
		return time.Time{}
	}
	left, last := i.sum, i.newest
	for n := i.newest - invalidCells + 1; n <= i.newest && left >= invalidMost; n++ {
		if c := i.cells[n%invalidCells]; c.n == n {
			left -= c.many
			last = n
		}
	}
	return time.Unix(0, (last+invalidCells)*int64(invalidCell))
}

func (q *Queue) countInvalid(now time.Time) {
	q.invalid.add(now)
	if q.invalid.sum == invalidMost {
		q.log.Error("Discord refused so many requests that it may shut us out; all of them wait",
			zap.Int("refused in ten minutes", invalidMost), zap.Time("until", q.invalid.until(now)))
	}
}
