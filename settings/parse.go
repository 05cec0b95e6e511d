package settings

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// Parse reads a value as people write it. The error is a *ValueError, which
// never repeats a secret.
func (s Setting) Parse(text string) (Value, error) {
	v, err := s.parse(strings.TrimSpace(text))
	if err == nil {
		return v, nil
	}
	refused := &ValueError{Key: s.Key, Value: text, Reason: err.Error()}
	if s.Secret || strings.Contains(text, "@") { // an address may hold a password
		refused.Value = ""
	}
	return Value{}, refused
}

func (s Setting) parse(text string) (Value, error) {
	switch s.Kind {
	case Boolean:
		return parseBoolean(text)
	case Enum:
		return s.parseEnum(text)
	case List:
		return s.parseList(text)
	case Text:
		return s.parseText(text)
	}
	return s.parseNumber(text)
}

func (s Setting) parseNumber(text string) (Value, error) {
	read := map[Kind]func(string) (int64, error){
		Duration: parseDuration, Bytes: parseBytes, Percent: parsePercent, Integer: parseInteger,
	}[s.Kind]
	n, err := read(text)
	if err != nil {
		return Value{}, err
	}
	if n < s.Min || n > s.Max {
		return Value{}, s.outOfRange()
	}
	return Value{kind: s.Kind, number: n}, nil
}

func (s Setting) outOfRange() error {
	if s.Unit == "" {
		return fmt.Errorf("expected %s", s.Range())
	}
	return fmt.Errorf("expected %s %s", s.Range(), s.Unit)
}

func (s Setting) parseText(text string) (Value, error) {
	if err := checkText(text); err != nil {
		return Value{}, err
	}
	if s.check != nil {
		if err := s.check(text); err != nil {
			return Value{}, err
		}
	}
	if s.Secret {
		return Value{kind: Text, hidden: &text}, nil
	}
	return Value{kind: Text, text: text}, nil
}

func (s Setting) parseEnum(text string) (Value, error) {
	word := strings.ToLower(text)
	if !slices.Contains(s.Allowed, word) {
		return Value{}, fmt.Errorf("expected %s", orList(s.Allowed))
	}
	return Value{kind: Enum, text: word}, nil
}

func (s Setting) parseList(text string) (Value, error) { return s.newList(splitList(text)) }

func (s Setting) newList(items []string) (Value, error) {
	for _, item := range items {
		if err := checkText(item); err != nil {
			return Value{}, err
		}
		if s.check == nil {
			continue
		}
		if err := s.check(item); err != nil {
			return Value{}, fmt.Errorf("%w in place of %s", err, quote(item))
		}
	}
	return Value{kind: List, list: items}, nil
}

func parseBoolean(text string) (Value, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1", "t", "y", "enabled", "enable":
		return Value{kind: Boolean, number: 1}, nil
	case "false", "no", "off", "0", "f", "n", "disabled", "disable":
		return Value{kind: Boolean}, nil
	}
	return Value{}, errors.New("expected true or false")
}

var (
	errDuration = errors.New("expected a duration, as in 86400 (seconds), 24h, 5m or 1d12h")
	errFraction = errors.New("expected whole seconds")
	errBytes    = errors.New("expected a size, as in 2gb, 512mb or 1048576")
	errInteger  = errors.New("expected a whole number")
	errPercent  = errors.New("expected a percentage, as in 80 or 80%")
)

var grouped = regexp.MustCompile(`^-?[0-9]{1,3}([,_][0-9]{3})+$`)

// parseInteger reads 10000, 10,000 and 10_000. What no int64 holds becomes its
// largest, which every range refuses.
func parseInteger(text string) (int64, error) {
	if grouped.MatchString(text) {
		text = strings.NewReplacer(",", "", "_", "").Replace(text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, errInteger
	}
	return n, nil
}

func parsePercent(text string) (int64, error) {
	n, err := parseInteger(strings.TrimSpace(strings.TrimSuffix(text, "%")))
	if err != nil {
		return 0, errPercent
	}
	return n, nil
}

// parseBytes reads sizes with the units of redis.conf: k is 1000, kb is 1024.
func parseBytes(text string) (int64, error) {
	digits, unit := splitUnit(text)
	n, err := parseInteger(digits)
	if err != nil {
		return 0, errBytes
	}
	size := map[string]int64{
		"": 1, "b": 1, "bytes": 1,
		"k": 1e3, "m": 1e6, "g": 1e9,
		"kb": kib, "mb": mib, "gb": gib,
		"kib": kib, "mib": mib, "gib": gib,
	}[unit]
	if size == 0 {
		return 0, errBytes
	}
	return times(n, size), nil
}

// parseDuration reads seconds, or numbers with units one after the other.
func parseDuration(text string) (int64, error) {
	if n, err := parseInteger(text); err == nil {
		return n, nil
	}
	total, rest := int64(0), text
	for rest != "" {
		part := rest[:partEnd(rest)]
		digits, unit := splitUnit(part)
		n, err := parseInteger(digits)
		size, known := durationUnit(unit)
		switch {
		case unit == "ms" || strings.Contains(part, "."):
			return 0, errFraction
		case err != nil || !known:
			return 0, errDuration
		}
		if product := times(n, size); total > math.MaxInt64-product {
			total = math.MaxInt64
		} else {
			total += product
		}
		rest = strings.TrimSpace(rest[len(part):])
	}
	if text == "" {
		return 0, errDuration
	}
	return total, nil
}

// partEnd finds where the first number with its unit ends: at the first digit
// after a letter.
func partEnd(text string) int {
	letters := false
	for i, r := range text {
		if letters && unicode.IsDigit(r) {
			return i
		}
		letters = letters || unicode.IsLetter(r)
	}
	return len(text)
}

func durationUnit(unit string) (seconds int64, ok bool) {
	switch unit {
	case "s", "sec", "secs", "second", "seconds":
		return 1, true
	case "m", "min", "mins", "minute", "minutes":
		return minute, true
	case "h", "hr", "hrs", "hour", "hours":
		return hour, true
	case "d", "day", "days":
		return day, true
	case "w", "week", "weeks":
		return 7 * day, true
	}
	return 0, false
}

// splitUnit parts "512 MB" into its digits and its unit in lower case.
func splitUnit(text string) (digits, unit string) {
	end := strings.IndexFunc(text, unicode.IsLetter)
	if end < 0 {
		return strings.TrimSpace(text), ""
	}
	return strings.TrimSpace(text[:end]), strings.ToLower(strings.TrimSpace(text[end:]))
}

// times multiplies without wrapping around.
func times(n, size int64) int64 {
	if n > math.MaxInt64/size {
		return math.MaxInt64
	}
	if n < math.MinInt64/size {
		return math.MinInt64
	}
	return n * size
}

// unquote takes one pair of equal quotes away.
func unquote(text string) string {
	if len(text) >= 2 && (text[0] == '"' || text[0] == '\'') && text[len(text)-1] == text[0] {
		return text[1 : len(text)-1]
	}
	return text
}
