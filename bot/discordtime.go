package bot

import (
	"net/http"
	"sync/atomic"
	"time"
)

// discordTime is the time by Discord's clock, to the second, as its answers tell
// it; until the first answer it is the local time. How old a message is has to be
// told by the clock that dated it, whatever the local one says.
type discordTime struct{ told atomic.Pointer[toldTime] }

// toldTime is what one answer told, and when it came, by a clock that nobody sets.
type toldTime struct{ theirs, ours time.Time }

// hear takes the time out of an answer; one that does not tell it changes nothing.
func (d *discordTime) hear(answer http.Header, now time.Time) {
	theirs, err := http.ParseTime(answer.Get("Date"))
	if err != nil {
		return
	}
	d.told.Store(&toldTime{theirs, now})
}

// at answers Discord's time at a moment of ours.
func (d *discordTime) at(now time.Time) time.Time {
	told := d.told.Load()
	if told == nil {
		return now
	}
	return told.theirs.Add(now.Sub(told.ours))
}
