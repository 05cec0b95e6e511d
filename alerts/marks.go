package alerts

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/helix-collective/helix/settings"
)

// lastMark is a word behind an expression that says how grave its rule is, or how
// long it waits. No expression ends in one: an @ stands only within its quotes.
var lastMark = regexp.MustCompile(`\s@([^\s'"` + "`" + `]+)\s*$`)

// maxMarks is more than a rule has use for; what stands before them is left to the
// expression, which takes no @.
const maxMarks = 4

// cutMarks tells an expression from the marks behind it, which are answered in
// their order without the @.
func cutMarks(text string) (expression string, marks []string) {
	for len(marks) < maxMarks {
		at := lastMark.FindStringSubmatchIndex(text)
		if at == nil {
			break
		}
		marks = append(marks, text[at[2]:at[3]])
		text = text[:at[0]]
	}
	slices.Reverse(marks)
	return strings.TrimSpace(text), marks
}

// mark has a rule follow its marks: critical or warning, and hold=2m, where 0 fires
// at once. One of a kind is enough.
func (r *Rule) mark(marks []string) error {
	seen := make(map[string]bool)
	for _, m := range marks {
		kind, value, valued := strings.Cut(m, "=")
		if !valued {
			kind, value = "severity", m
		}
		switch {
		case seen[kind]:
			return fmt.Errorf("`@%s`: one %s is enough", clip(m, 80), kind)
		case !valued && (value == string(Critical) || value == string(Warning)):
			r.Severity = Severity(value)
		case kind == "hold":
			hold, err := holdTime(value)
			if err != nil {
				return err
			}
			r.Hold, r.Instant = hold, hold == 0
		default:
			return fmt.Errorf("`@%s` is no mark; there are @critical, @warning and @hold=2m", clip(m, 80))
		}
		seen[kind] = true
	}
	return nil
}

// holdTime reads a time as settings are written, of a day at most.
func holdTime(text string) (time.Duration, error) {
	v, err := settings.Setting{Kind: settings.Duration, Max: int64(24 * time.Hour / time.Second)}.Parse(text)
	if err != nil {
		return 0, fmt.Errorf("`@hold=%s` is no time from 0 to 1d", clip(text, 80))
	}
	n, err := strconv.ParseInt(v.String(), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("read @hold=%s: %w", clip(text, 80), err)
	}
	return time.Duration(n) * time.Second, nil
}
