package shadow

import (
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
)

// notNumber stands for a word that Redis does not take for a number while the
// library would: both refuse it.
const notNumber = "x"

// words answers the call as the library understands it: numbers that Redis
// refuses ("+5", "007", "1_000") are such that the library does too.
func (c *call) words() []string {
	words := append([]string(nil), c.argv...)
	for _, i := range c.ints {
		if i < len(words) {
			words[i] = strictInt(words[i])
		}
	}
	for _, i := range c.floats {
		if i < len(words) {
			words[i] = strictFloat(words[i])
		}
	}
	return words
}

// integer reads a number as Redis does: nothing but its canonical form.
func integer(word string) (int64, bool) {
	n, err := strconv.ParseInt(word, 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == word
}

func strictInt(word string) string {
	if _, ok := integer(word); !ok {
		return notNumber
	}
	return word
}

var decimal = regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$`)

// plainFloat reports whether a word is a number that everybody reads alike: in
// decimal, neither huge nor tiny, and no zero with a minus.
func plainFloat(word string) bool {
	negativeZero := strings.HasPrefix(word, "-") && !strings.ContainsAny(word, "123456789")
	return len(word) <= 40 && decimal.MatchString(word) && !negativeZero
}

// strictFloat keeps a plain number and an infinity, exclusive ones too.
func strictFloat(word string) string {
	switch number := strings.TrimPrefix(word, "("); strings.ToLower(number) {
	case "inf", "+inf", "-inf":
		return word
	default:
		if plainFloat(number) {
			return word
		}
	}
	return notNumber
}

// oddFloat reports whether a word may be a number that Redis reads and the
// library does not, or otherwise: hexadecimal, huge, tiny, an infinity spelt
// out.
func oddFloat(word string) bool {
	if plainFloat(word) || strictFloat(word) != notNumber {
		return false
	}
	_, err := strconv.ParseFloat(word, 64)
	return err == nil || strings.ContainsAny(word, "0123456789") || strings.Contains(strings.ToLower(word), "inf")
}

// sameEverywhere reports whether servers of all versions write a score alike:
// up to 7.0 they write 17 digits, later ones as few as tell it.
func sameEverywhere(score float64) bool {
	if score == 0 {
		return !math.Signbit(score)
	}
	if math.IsNaN(score) {
		return false
	}
	shortest := strconv.FormatFloat(score, 'g', -1, 64)
	return shortest == strconv.FormatFloat(score, 'g', 17, 64) && !strings.Contains(shortest, "e")
}

// The precisions of C's long double where Redis runs, in bits: x86 and arm64.
const (
	precisionX86 = 64
	precisionArm = 113
)

// sum adds two plain numbers as INCRBYFLOAT does; ok is false where servers
// differ in the last digits.
func sum(a, b string) (text string, ok bool) {
	text = sumTo(a, b, precisionX86)
	return text, text == sumTo(a, b, precisionArm)
}

func sumTo(a, b string, precision uint) string {
	x, _, errX := big.ParseFloat(a, 10, precision, big.ToNearestEven)
	y, _, errY := big.ParseFloat(b, 10, precision, big.ToNearestEven)
	if errX != nil || errY != nil {
		return ""
	}
	text := new(big.Float).SetPrec(precision).Add(x, y).Text('f', 17)
	text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	if text == "-0" {
		return "0"
	}
	return text
}
