package settings

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxText   = 4096 // bytes of a text value
	maxPrefix = 8    // characters of discord.prefix
)

// checkText refuses what no text value may hold.
func checkText(text string) error {
	switch {
	case len(text) > maxText:
		return fmt.Errorf("expected at most %d bytes", maxText)
	case !utf8.ValidString(text):
		return errors.New("expected text in UTF-8")
	case strings.ContainsFunc(text, unicode.IsControl):
		return errors.New("expected a text without line breaks and control characters")
	}
	return nil
}

// checkID accepts a Discord id: digits, as "Copy ID" in Discord gives them.
func checkID(text string) error {
	if text == "" || len(text) > 20 || strings.Trim(text, "0123456789") != "" {
		return errors.New("expected a Discord id, digits only, as Copy ID gives it")
	}
	return nil
}

// changingRights are those whose use changes something that a plan can show.
const changingRights = "write destroy mint configure admin"

func checkRight(text string) error {
	if !slices.Contains(strings.Fields(changingRights), text) {
		return fmt.Errorf("expected one of the rights %s", strings.ReplaceAll(changingRights, " ", ", "))
	}
	return nil
}

func checkPrefix(text string) error {
	if n := utf8.RuneCountInString(text); n < 1 || n > maxPrefix || strings.ContainsFunc(text, unicode.IsSpace) {
		return fmt.Errorf("expected 1 to %d characters without spaces", maxPrefix)
	}
	return nil
}

// checkURL accepts an absolute address with one of the schemes, and without a
// user: what stands in an address that is not secret gets printed.
func checkURL(schemes ...string) func(string) error {
	return func(text string) error {
		u, err := url.Parse(text)
		if err != nil || !slices.Contains(schemes, u.Scheme) || u.Host == "" || u.User != nil {
			return fmt.Errorf("expected an address that begins with %s:// and names a host", strings.Join(schemes, ":// or "))
		}
		return nil
	}
}

// checkPattern accepts a regular expression that matches some text and not the
// empty one.
func checkPattern(text string) error {
	re, err := regexp.Compile(text)
	if err != nil {
		return fmt.Errorf("expected a regular expression (RE2): %w", err)
	}
	if re.MatchString("") {
		return errors.New("expected a regular expression that does not match the empty text")
	}
	return nil
}

// optional accepts the empty text as well.
func optional(check func(string) error) func(string) error {
	return func(text string) error {
		if text == "" {
			return nil
		}
		return check(text)
	}
}
