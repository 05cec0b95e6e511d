package commands

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/helix-collective/helix/guard"
)

// confFile is what lines of a redis.conf say, in their order. Several lines
// with save points make one parameter, as they do for the server.
type confFile []parameter

type parameter struct{ name, value string }

// readConf reads lines of a redis.conf that are pasted in place of a program. A
// text is such lines if its first one is: no command begins like that, since
// SAVE takes no arguments. All of it has to be, then; an error is a *usageError
// that names the line that is not.
func readConf(text string) (f confFile, ok bool, err error) {
	number := 0
	for line := range strings.SplitSeq(text, "\n") {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		p, ok := readParameter(line)
		switch {
		case ok:
			f = f.with(p)
		case f == nil:
			return nil, false, nil
		default:
			return nil, false, notConf(number, line)
		}
	}
	return f, f != nil, nil
}

var (
	// confLine is a parameter that is set, perhaps with a comment behind it.
	confLine = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9-]*)[ \t]+(.*?)(?:[ \t]+#.*)?$`)

	// confValue is one value: quoted, or a plain word.
	confValue = regexp.MustCompile(`^(?:"([^"'\\]*)"|'([^"'\\]*)'|([A-Za-z0-9._:%+-]+))$`)

	// savePoints are pairs of seconds and changes, or nothing, which takes back
	// those before.
	savePoints = regexp.MustCompile(`^(?:\d+ \d+(?: \d+ \d+)*)?$`)
)

// readParameter reads one line, and reports whether it sets a parameter that
// may be set from here.
func readParameter(line string) (p parameter, ok bool) {
	parts := confLine.FindStringSubmatch(line)
	if parts == nil || !guard.IsParameter(parts[1]) {
		return p, false
	}
	p = parameter{strings.ToLower(parts[1]), strings.Join(strings.Fields(parts[2]), " ")}
	value := confValue.FindStringSubmatch(p.value)
	if value != nil {
		p.value = value[1] + value[2] + value[3]
	}
	if p.name == "save" {
		return p, savePoints.MatchString(p.value)
	}
	return p, value != nil
}

func (f confFile) with(p parameter) confFile {
	for i := range f {
		switch {
		case p.name != "save" || f[i].name != "save":
		case p.value == "":
			f[i].value = ""
			return f
		default:
			f[i].value = strings.TrimSpace(f[i].value + " " + p.value)
			return f
		}
	}
	return append(f, p)
}

// program sets one parameter a line: servers before Redis 7 take no more.
func (f confFile) program() string {
	lines := make([]string, len(f))
	for i, p := range f {
		lines[i] = fmt.Sprintf("redis config set %s '%s'", p.name, p.value)
	}
	return strings.Join(lines, "\n")
}

func notConf(number int, line string) error {
	name, _, _ := strings.Cut(line, " ")
	if !verbWord.MatchString(name) {
		name = "…"
	}
	return &usageError{reason: fmt.Sprintf("Line %d, `%s …`, sets no parameter that may be changed from here, so nothing was run. "+
		"Lines of a redis.conf are taken where all of them are such.", number, name)}
}
