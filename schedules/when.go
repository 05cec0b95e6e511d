package schedules

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// When says at which times a schedule is due. The zero When is never due.
type When struct {
	// Every is the time between two runs, counted from when the schedule was made.
	Every time.Duration `json:"every,omitempty"`
	// Daily says that it is due once a day, At so long after midnight UTC.
	Daily bool          `json:"daily,omitempty"`
	At    time.Duration `json:"at,omitempty"`
}

// The bounds of Every.
const (
	Shortest = 5 * time.Minute
	Longest  = 7 * day
	day      = 24 * time.Hour
)

// SpecError says what is wrong about when and where a line is to run.
type SpecError struct{ Reason string }

func (e *SpecError) Error() string { return e.Reason }

func wrong(format string, args ...any) error { return &SpecError{fmt.Sprintf(format, args...)} }

// channelWord is how a channel is named: as a mention of it arrives.
var channelWord = regexp.MustCompile(`^(?:channel:)?(\d{15,20})$`)

// Parse reads when a line is to run and, behind "in", where: "1h", "15 minutes
// in channel:1234…", "day at 09:00". channel is empty where nothing says it. An
// error is a *SpecError.
func Parse(spec string) (w When, channel string, err error) {
	words := strings.Fields(strings.ToLower(spec))
	for i, word := range words {
		if word != "in" {
			continue
		}
		if i+2 != len(words) {
			return w, "", wrong("Behind `in` stands one channel.")
		}
		id := channelWord.FindStringSubmatch(words[i+1])
		if id == nil {
			return w, "", wrong("`%s` is no channel: choose it from the list that Discord shows behind #.", words[i+1])
		}
		channel, words = id[1], words[:i]
		break
	}
	w, err = parseWhen(words)
	return w, channel, err
}

func parseWhen(words []string) (When, error) {
	if len(words) > 1 && words[0] == "day" {
		return parseDaily(words[1:])
	}
	every, ok := interval(strings.Join(words, ""))
	switch {
	case !ok:
		return When{}, wrong("`%s` is no time between two runs; write 15m, 1h or 1d, or `day at 09:00`.", strings.Join(words, " "))
	case every < Shortest:
		return When{}, wrong("A schedule runs every 5 minutes at most.")
	case every > Longest:
		return When{}, wrong("A schedule runs every 7 days at least.")
	}
	return When{Every: every}, nil
}

// clock is a time of the day.
var clock = regexp.MustCompile(`^([01]?\d|2[0-3]):([0-5]\d)$`)

func parseDaily(words []string) (When, error) {
	if len(words) == 3 && words[2] == "utc" {
		words = words[:2]
	}
	if len(words) != 2 || words[0] != "at" {
		return When{}, wrong("Once a day is written `day at 09:00`; the time is UTC.")
	}
	parts := clock.FindStringSubmatch(words[1])
	if parts == nil {
		return When{}, wrong("`%s` is no time of the day; write 09:00 or 17:30, in UTC.", words[1])
	}
	at, err := time.ParseDuration(parts[1] + "h" + parts[2] + "m")
	if err != nil {
		return When{}, fmt.Errorf("read the time %s: %w", words[1], err)
	}
	return When{Daily: true, At: at}, nil
}

// amount is one part of a time: a number, or none for one, and its unit.
var amount = regexp.MustCompile(`^(\d{0,5})(seconds?|sec|s|minutes?|mins?|m|hours?|h|days?|d)`)

// interval reads a time as "1h30m" or "15minutes".
func interval(text string) (sum time.Duration, ok bool) {
	for text != "" && sum <= Longest { // beyond that it is refused
		parts := amount.FindStringSubmatch(text)
		if parts == nil {
			return 0, false
		}
		n := 1
		if parts[1] != "" {
			n, _ = strconv.Atoi(parts[1]) // up to five digits
		}
		sum += time.Duration(n) * unit(parts[2])
		text = text[len(parts[0]):]
		ok = true
	}
	return sum, ok
}

func unit(name string) time.Duration {
	switch name[0] {
	case 's':
		return time.Second
	case 'm':
		return time.Minute
	case 'h':
		return time.Hour
	}
	return day
}

// String says it as it is typed: "1h30m", "day at 09:00 UTC".
func (w When) String() string {
	if w.Daily {
		return fmt.Sprintf("day at %02d:%02d UTC", w.At/time.Hour, w.At%time.Hour/time.Minute)
	}
	text := ""
	for _, u := range []struct {
		name string
		long time.Duration
	}{{"d", day}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if n := w.Every / u.long; n > 0 && w.Every >= u.long {
			text += fmt.Sprintf("%d%s", n, u.name)
			w.Every %= u.long
		}
	}
	return text
}

// latest answers the last time up to now at which it was due, for a schedule that
// was made at made; ok is false where there was none yet.
func (w When) latest(made, now time.Time) (at time.Time, ok bool) {
	switch {
	case w.Daily:
		at = now.UTC().Truncate(day).Add(w.At)
		if at.After(now) {
			at = at.Add(-day)
		}
	case w.Every > 0:
		at = made.Add(now.Sub(made) / w.Every * w.Every)
	default:
		return at, false
	}
	return at, at.After(made)
}

// between is the time from one run to the next.
func (w When) between() time.Duration {
	if w.Daily {
		return day
	}
	return w.Every
}

// next answers the first time after now at which it will be due.
func (w When) next(made, now time.Time) time.Time {
	if at, ok := w.latest(made, now); ok {
		return at.Add(w.between())
	}
	if w.Daily {
		at := made.UTC().Truncate(day).Add(w.At)
		if !at.After(made) {
			at = at.Add(day)
		}
		return at
	}
	return made.Add(w.Every)
}
