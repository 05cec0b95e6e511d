package alerts

import (
	"fmt"
	"math"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// maxWords bounds a text of an incident, in bytes.
const maxWords = 400

// count writes a whole number with commas, rounded up so that any is not none.
func count(n float64) string {
	return message.NewPrinter(language.English).Sprintf("%d", int64(min(math.Ceil(n), 1e15)))
}

// counted writes "1 key" or "2 keys".
func counted(n float64, one, many string) string {
	if math.Ceil(n) == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// bytes writes a size in the unit that reads best.
func bytes(n float64) string {
	unit := 0
	for n >= 1024 && unit < len(byteUnits)-1 {
		n /= 1024
		unit++
	}
	if n >= 100 || unit == 0 {
		return fmt.Sprintf("%.0f %s", n, byteUnits[unit])
	}
	return fmt.Sprintf("%.1f %s", n, byteUnits[unit])
}

var byteUnits = [...]string{"bytes", "KiB", "MiB", "GiB", "TiB"}

// span writes a time in its two largest units, as in 1d4h or 2m.
func span(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	days, rest := d/(24*time.Hour), d%(24*time.Hour)
	h, m, s := rest/time.Hour, rest%time.Hour/time.Minute, rest%time.Minute/time.Second
	switch {
	case days > 0:
		return pair(days, "d", h, "h")
	case h > 0:
		return pair(h, "h", m, "m")
	case m > 0:
		return pair(m, "m", s, "s")
	}
	return fmt.Sprintf("%ds", s)
}

func pair(large time.Duration, unit string, small time.Duration, smaller string) string {
	if small == 0 {
		return fmt.Sprintf("%d%s", large, unit)
	}
	return fmt.Sprintf("%d%s%d%s", large, unit, small, smaller)
}

// clip cuts a text to at most n bytes, between characters.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	cut := n - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}
