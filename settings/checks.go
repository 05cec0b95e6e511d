package settings

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/helix-collective/helix/clientip"
)

const (
	maxText   = 4096 // bytes of a text value
	maxPrefix = 8    // characters of discord.prefix
	maxShards = 64   // connections to Discord
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

// checkShards accepts auto, or how many connections there shall be.
func checkShards(text string) error {
	if n, err := strconv.Atoi(text); text != "auto" && (err != nil || n < 1 || n > maxShards) {
		return fmt.Errorf("expected auto, or a number from 1 to %d", maxShards)
	}
	return nil
}

// checkBinding accepts a role's name and, behind a colon, the id of a Discord
// role or user:ID.
func checkBinding(text string) error {
	name, id, _ := strings.Cut(text, ":")
	if name == "" || checkID(strings.TrimPrefix(id, "user:")) != nil {
		return errors.New("expected role:ID or role:user:ID, with a Discord id, digits only")
	}
	return nil
}

func checkPrefix(text string) error {
	if n := utf8.RuneCountInString(text); n < 1 || n > maxPrefix || strings.ContainsFunc(text, unicode.IsSpace) {
		return fmt.Errorf("expected 1 to %d characters without spaces", maxPrefix)
	}
	return nil
}

// checkCookieName accepts a name that needs no quotes and has no prefix that
// browsers know: that one comes of itself.
func checkCookieName(text string) error {
	plain := regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	if !plain.MatchString(text) || strings.HasPrefix(text, "__") {
		return errors.New("expected 1 to 64 letters, digits, - and _, not beginning with __")
	}
	return nil
}

// checkListen accepts an address to listen on; without a host it is every one
// of this machine.
func checkListen(text string) error {
	_, port, err := net.SplitHostPort(text)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return errors.New("expected an address and a port, as in 127.0.0.1:8700")
	}
	return nil
}

// checkHost accepts what a request may name as its host: a name or an address,
// without a port.
func checkHost(text string) error {
	if _, err := netip.ParseAddr(text); err == nil {
		return nil
	}
	if text == "" || strings.ContainsFunc(text, func(r rune) bool {
		return r != '-' && r != '.' && r != '_' && (r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r))
	}) {
		return errors.New("expected the name or address of a host, without a port")
	}
	return nil
}

func checkNetwork(text string) error {
	_, err := clientip.ParseNetwork(text)
	return err
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
