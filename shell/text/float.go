package text

import (
	"math"
	"regexp"
	"strconv"
	"strings"
)

// floatForm is a number as C's strtod reads it.
var floatForm = regexp.MustCompile(`^[ \t-\r]*([+-]?(?i:inf(?:inity)?|nan|` +
	`0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)(?:p[+-]?[0-9]+)?|` +
	`(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?))`)

// leadingFloat answers the number that s begins with and how many bytes that
// took, 0 if s begins with no number. What is too large is infinity.
func leadingFloat(s []byte) (f float64, taken int) {
	at := floatForm.FindSubmatchIndex(s)
	if at == nil {
		return 0, 0
	}
	text := strings.ToLower(string(s[at[2]:at[3]]))
	if strings.Contains(text, "0x") && !strings.Contains(text, "p") {
		text += "p0" // which Go wants to see
	}
	f, _ = strconv.ParseFloat(strings.TrimLeft(text, "+-"), 64)
	if text[0] == '-' {
		f = math.Copysign(f, -1)
	}
	return f, at[1]
}
