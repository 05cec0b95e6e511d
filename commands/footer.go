package commands

import (
	"fmt"
	"time"
)

// footer says how much an answer holds and how long it took.
func footer(lines int64, took time.Duration) string {
	return fmt.Sprintf("%d %s · %s", lines, unitOf(lines), spell(took))
}

func unitOf(lines int64) string {
	if lines == 1 {
		return "line"
	}
	return "lines"
}

// spell rounds a duration to what a person takes in: "12 ms", "3.4 s".
func spell(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return "< 1 ms"
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}
