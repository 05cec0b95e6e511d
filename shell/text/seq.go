package text

import (
	"context"
	"math/big"
	"strings"
)

func seqTool() *tool {
	return &tool{
		name: "seq", synopsis: "[-w] [-s TEXT] [FIRST [STEP]] LAST",
		summary: "count from one number to another",
		flags: []flag{
			{"w", "equal-width", "", "pad with zeros to one width"},
			{"s", "separator", "TEXT", "what stands between the numbers (a line break)"},
		},
		operands: true, numbers: true,
		run: runSeq,
	}
}

// maxPlaces bounds the digits of seq's numbers, before and behind the point.
const maxPlaces = 40

func runSeq(ctx context.Context, j *job) (int, error) {
	first, step, last, places, err := seqNumbers(j.operands)
	if err != nil {
		return 0, err
	}
	separator, given := j.value("s")
	if !given {
		separator = "\n"
	}
	width := 0
	if j.has("w") {
		width = seqWidth(j.operands, places)
	}
	var t ticker
	for n := first; n.Cmp(last)*step.Sign() <= 0; n.Add(n, step) {
		if err := t.tick(ctx); err != nil {
			return 0, err
		}
		text := decimalText(n, places, width)
		if t > 1 {
			text = separator + text
		}
		if _, err := j.Stdout.WriteString(text); err != nil {
			return 0, err
		}
	}
	if t == 0 {
		return 0, nil
	}
	_, err = j.Stdout.WriteString("\n")
	return 0, err
}

// seqWidth is the width of the wider end as it was typed, leading zeros
// included, with the given number of decimal places.
func seqWidth(operands []string, places int) int {
	ends := []string{"1", operands[len(operands)-1]}
	if len(operands) > 1 {
		ends[0] = operands[0]
	}
	width := 0
	for _, end := range ends {
		whole, _, _ := strings.Cut(strings.TrimPrefix(end, "+"), ".")
		if strings.TrimPrefix(whole, "-") == "" {
			whole += "0"
		}
		if places > 0 {
			width = max(width, len(whole)+1+places)
		} else {
			width = max(width, len(whole))
		}
	}
	return width
}

// seqNumbers reads the operands as whole numbers of the same unit, the last
// of the given number of decimal places.
func seqNumbers(operands []string) (first, step, last *big.Int, places int, err error) {
	switch len(operands) {
	case 1:
		operands = []string{"1", "1", operands[0]}
	case 2:
		operands = []string{operands[0], "1", operands[1]}
	case 3:
	default:
		return nil, nil, nil, 0, misuse("takes one to three numbers")
	}
	// LAST is an end, not something printed: its places do not show.
	deepest := 0
	for i, o := range operands {
		_, fraction, _ := strings.Cut(o, ".")
		if len(o) > maxPlaces || !isDecimal(o) {
			return nil, nil, nil, 0, misuse("%q is no number of at most %d digits", o, maxPlaces)
		}
		deepest = max(deepest, len(fraction))
		if i < 2 {
			places = max(places, len(fraction))
		}
	}
	first, step, last = scaled(operands[0], places), scaled(operands[1], places), scaled(operands[2], deepest)
	if step.Sign() == 0 {
		return nil, nil, nil, 0, misuse("the step must not be 0")
	}
	surplus := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(deepest-places)), nil)
	if step.Sign() > 0 {
		last.Div(last, surplus)
	} else {
		last.Neg(last).Div(last, surplus)
		last.Neg(last)
	}
	return first, step, last, places, nil
}

func isDecimal(s string) bool {
	s = strings.TrimLeft(s, "+-")
	whole, fraction, _ := strings.Cut(s, ".")
	return whole+fraction != "" && strings.Trim(whole+fraction, "0123456789") == ""
}

// scaled is a decimal number times ten to the power of places.
func scaled(s string, places int) *big.Int {
	whole, fraction, _ := strings.Cut(s, ".")
	n, _ := new(big.Int).SetString(whole+fraction+strings.Repeat("0", places-len(fraction)), 10)
	if n == nil {
		return new(big.Int)
	}
	return n
}

// decimalText writes n with its decimal point, padded with zeros to a width.
func decimalText(n *big.Int, places, width int) string {
	digits := new(big.Int).Abs(n).String()
	if places > 0 {
		digits = strings.Repeat("0", max(0, places+1-len(digits))) + digits
		digits = digits[:len(digits)-places] + "." + digits[len(digits)-places:]
	}
	sign := ""
	if n.Sign() < 0 {
		sign = "-"
	}
	return sign + strings.Repeat("0", max(0, width-len(digits)-len(sign))) + digits
}
