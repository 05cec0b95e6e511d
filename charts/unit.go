package charts

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Unit is what a value is counted in.
type Unit int

// The units.
const (
	Count Unit = iota
	PerMinute
	Bytes
)

// Text answers a value with its unit, in full: 12,345, 104/min, 1.5 GiB.
func (u Unit) Text(v float64) string {
	switch u {
	case Bytes:
		return sized(v)
	case PerMinute:
		if v > 0 && v < 10 {
			return trim(v, 1) + "/min"
		}
		return grouped(v) + "/min"
	}
	return grouped(v)
}

// tick answers a value as short as an axis takes it: 12k, 104, 1.5 GiB.
func (u Unit) tick(v float64) string {
	if u == Bytes {
		return sized(v)
	}
	for _, scale := range []struct {
		from float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e4, "k"}} {
		if v >= scale.from {
			return trim(v/math.Min(scale.from, unitOf(scale.name)), 2) + scale.name
		}
	}
	if v == math.Trunc(v) {
		return grouped(v)
	}
	return trim(v, 2)
}

func unitOf(name string) float64 {
	return map[string]float64{"k": 1e3, "M": 1e6, "G": 1e9}[name]
}

// sized answers 512 B, 1.5 GiB.
func sized(v float64) string {
	names := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}
	i := 0
	for v >= 1024 && i < len(names)-1 {
		v /= 1024
		i++
	}
	digits := 2
	switch {
	case v >= 100:
		digits = 0
	case v >= 10:
		digits = 1
	}
	return trim(v, digits) + " " + names[i]
}

// trim answers a number with so many decimals at most.
func trim(v float64, digits int) string {
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// grouped answers a whole number in groups of three digits.
func grouped(v float64) string {
	digits := fmt.Sprintf("%.0f", v)
	for at := len(digits) - 3; at > strings.LastIndex(digits, "-")+1; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
