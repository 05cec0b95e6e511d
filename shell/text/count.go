package text

import (
	"math"
	"strconv"
	"strings"
)

// multipliers are the suffixes that GNU's counts may carry.
var multipliers = map[string]int64{
	"": 1, "b": 512, "kB": 1000, "K": 1 << 10, "k": 1 << 10, "KiB": 1 << 10,
	"MB": 1e6, "M": 1 << 20, "MiB": 1 << 20, "GB": 1e9, "G": 1 << 30, "GiB": 1 << 30,
}

// parseCount reads a count such as 10, 4K or 2MB, without a sign. Counts
// beyond an int64 are as good as endless.
func parseCount(s string) (int64, bool) {
	digits := len(s) - len(strings.TrimLeft(s, "0123456789"))
	factor, ok := multipliers[s[digits:]]
	if digits == 0 || !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(s[:digits], 10, 64)
	if err != nil || n > math.MaxInt64/factor {
		return math.MaxInt64, true
	}
	return n * factor, true
}

// dashNumber turns -10 into -n10, or whatever letter stands for it.
func dashNumber(arg, letter string) string {
	if len(arg) > 1 && arg[0] == '-' && strings.Trim(arg[1:], "0123456789") == "" {
		return "-" + letter + arg[1:]
	}
	return arg
}
