package text

import (
	"strings"

	"github.com/helix-collective/helix/suggest"
)

// flag is one option that a tool knows.
type flag struct {
	short string // one character, or empty
	long  string // without the dashes, or empty
	value string // what its values are called, separated by spaces; empty: none; in brackets: one, only after =
	help  string
}

// key is the name by which a parsed option is asked for.
func (f flag) key() string {
	if f.short != "" {
		return f.short
	}
	return f.long
}

// form is how the option is written, as in "-n, --lines=N".
func (f flag) form() string {
	var forms []string
	if f.short != "" {
		forms = append(forms, "-"+f.short)
	}
	if f.long != "" {
		forms = append(forms, "--"+f.long)
	}
	form := strings.Join(forms, ", ")
	switch {
	case strings.HasPrefix(f.value, "["):
		form += "[=" + f.value[1:]
	case f.value != "":
		form += " " + f.value
	}
	return form
}

// given is one option as it was typed.
type given struct {
	key    string
	values []string
}

// options is a parsed argument list.
type options struct {
	given    []given // in the order typed
	operands []string
}

// has answers whether an option was given.
func (o options) has(key string) bool {
	for _, g := range o.given {
		if g.key == key {
			return true
		}
	}
	return false
}

// value answers an option's last value.
func (o options) value(key string) (string, bool) {
	for i := len(o.given) - 1; i >= 0; i-- {
		if o.given[i].key == key {
			return o.given[i].values[0], true
		}
	}
	return "", false
}

// values answers all of an option's values, in order.
func (o options) values(key string) []string {
	var all []string
	for _, g := range o.given {
		if g.key == key {
			all = append(all, g.values...)
		}
	}
	return all
}

// last answers which of the keys was given last, or "" if none was.
func (o options) last(keys ...string) string {
	for i := len(o.given) - 1; i >= 0; i-- {
		for _, k := range keys {
			if o.given[i].key == k {
				return k
			}
		}
	}
	return ""
}

// optionParser walks an argument list the way getopt_long does: clusters of
// short options, values attached or following, long names by unique prefix,
// operands anywhere, and "--" before the rest.
type optionParser struct {
	t    *tool
	rest []string
	out  options
}

func (t *tool) parse(args []string) (options, error) {
	p := &optionParser{t: t, rest: args}
	for len(p.rest) > 0 {
		arg := p.take()
		if t.modern != nil {
			arg = t.modern(arg)
		}
		switch {
		case arg == "--":
			p.out.operands = append(p.out.operands, p.rest...)
			return p.out, nil
		case strings.HasPrefix(arg, "--"):
			if err := p.long(arg[2:]); err != nil {
				return options{}, err
			}
		case len(arg) > 1 && arg[0] == '-' && !(t.numbers && isDecimal(arg)):
			if err := p.cluster(arg[1:]); err != nil {
				return options{}, err
			}
		default:
			p.out.operands = append(p.out.operands, arg)
			if t.leading {
				p.out.operands = append(p.out.operands, p.rest...)
				return p.out, nil
			}
		}
	}
	return p.out, nil
}

func (p *optionParser) take() string {
	arg := p.rest[0]
	p.rest = p.rest[1:]
	return arg
}

// long takes an option written as --name or --name=value.
func (p *optionParser) long(arg string) error {
	name, value, attached := strings.Cut(arg, "=")
	f, ok := p.t.longFlag(name)
	if !ok {
		return p.t.unknown("--" + name)
	}
	if f.value == "" && attached {
		return misuse("option --%s takes no value", f.long)
	}
	var values []string
	if attached {
		values = append(values, value)
	}
	return p.add(f, "--"+f.long, values)
}

// cluster takes short options written together, the last perhaps with its value.
func (p *optionParser) cluster(arg string) error {
	for i := 0; i < len(arg); i++ {
		f, ok := p.t.shortFlag(arg[i : i+1])
		if !ok {
			return p.t.unknown("-" + arg[i:i+1])
		}
		var values []string
		if f.value != "" && i+1 < len(arg) {
			values = append(values, arg[i+1:])
			i = len(arg)
		}
		if err := p.add(f, "-"+f.short, values); err != nil {
			return err
		}
	}
	return nil
}

// add notes an option, taking the values that are still missing from what
// follows.
func (p *optionParser) add(f flag, typed string, values []string) error {
	wanted := strings.Fields(f.value)
	if strings.HasPrefix(f.value, "[") {
		wanted = nil
	}
	for len(values) < len(wanted) {
		if len(p.rest) == 0 {
			return misuse("option %s needs %s", typed, f.value)
		}
		values = append(values, p.take())
	}
	p.out.given = append(p.out.given, given{key: f.key(), values: values})
	return nil
}

func (t *tool) shortFlag(name string) (flag, bool) {
	for _, f := range t.flags {
		if f.short == name {
			return f, true
		}
	}
	return flag{}, false
}

// longFlag finds an option by its name or by a beginning that only it has.
func (t *tool) longFlag(name string) (flag, bool) {
	if name == "help" {
		return flag{long: "help"}, true
	}
	var found []flag
	for _, f := range t.flags {
		if f.long == name && name != "" {
			return f, true
		}
		if f.long != "" && name != "" && strings.HasPrefix(f.long, name) {
			found = append(found, f)
		}
	}
	if len(found) == 1 {
		return found[0], true
	}
	return flag{}, false
}

// unknown is the refusal of an option, naming those there are.
func (t *tool) unknown(typed string) error {
	var known []string
	for _, f := range t.flags {
		if f.short != "" {
			known = append(known, "-"+f.short)
		} else {
			known = append(known, "--"+f.long)
		}
	}
	if near, ok := suggest.Nearest(typed, t.longNames()); ok && strings.HasPrefix(typed, "--") {
		return misuse("unknown option %s; did you mean %s?", typed, near)
	}
	if len(known) == 0 {
		return misuse("unknown option %s; it takes none but --help", typed)
	}
	return misuse("unknown option %s; it knows %s and --help", typed, strings.Join(known, " "))
}

// longNames answers the options that have a long form, with their dashes.
func (t *tool) longNames() []string {
	names := []string{"--help"}
	for _, f := range t.flags {
		if f.long != "" {
			names = append(names, "--"+f.long)
		}
	}
	return names
}
