package settings

import (
	"fmt"
	"strings"
	"unicode"
)

// UnknownError says that there is no such setting.
type UnknownError struct {
	Key         string
	Suggestions []string // keys that look alike, the likeliest first; may be empty
	Where       string   // as in ValueError
}

func (e *UnknownError) Error() string {
	text := quote(e.Key) + " is not a setting" + inWhere(e.Where) + "."
	if len(e.Suggestions) == 0 {
		return text
	}
	quoted := make([]string, len(e.Suggestions))
	for i, s := range e.Suggestions {
		quoted[i] = quote(s)
	}
	return text + " Did you mean " + orList(quoted) + "?"
}

// ValueError says that a setting does not take a value.
type ValueError struct {
	Key    string
	Value  string // as written; empty for a secret, which is never repeated
	Reason string // as in "expected a duration, as in 86400, 24h or 1d12h"
	Where  string // the file and line or the variable it came from; empty for what a person typed
}

func (e *ValueError) Error() string {
	if e.Value == "" {
		return fmt.Sprintf("%s%s: %s.", quote(e.Key), inWhere(e.Where), e.Reason)
	}
	return fmt.Sprintf("%s cannot be %s%s: %s.", quote(e.Key), quote(e.Value), inWhere(e.Where), e.Reason)
}

// CombinationError says that values do not go together although each is fine
// by itself.
type CombinationError struct {
	Keys   []string
	Reason string // a whole sentence
}

func (e *CombinationError) Error() string { return e.Reason }

// StartOnlyError says that a setting is read at start and cannot change live, or
// only by SetUp.
type StartOnlyError struct{ Setting Setting }

func (e *StartOnlyError) Error() string {
	s := e.Setting
	if s.Secret {
		return fmt.Sprintf("%s is secret, so it is never set from chat. Set %s or %s_FILE and restart Helix.",
			quote(s.Key), quote(s.EnvName()), s.EnvName())
	}
	text := fmt.Sprintf("%s is read when Helix starts. Set it in %s or as %s, then restart Helix.",
		quote(s.Key), quote(DefaultFile), quote(s.EnvName()))
	if s.Setup {
		text += " The server's owner can change it at once, with `setup`."
	}
	return text
}

func inWhere(where string) string {
	if where == "" {
		return ""
	}
	return " (" + where + ")"
}

// quotedMax bounds how much of what somebody wrote an error repeats.
const quotedMax = 80

// quote shows a text as code in a chat message; what would end the code or the
// line is left out.
func quote(text string) string {
	clean := strings.Map(func(r rune) rune {
		if r == '`' || unicode.IsControl(r) || r == unicode.ReplacementChar {
			return -1
		}
		return r
	}, text)
	if runes := []rune(clean); len(runes) > quotedMax {
		clean = string(runes[:quotedMax]) + "…"
	}
	return "`" + clean + "`"
}
