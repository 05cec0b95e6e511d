package shell

import (
	"fmt"
	"strconv"
	"strings"
)

// xargsOptions are what the options of xargs ask for.
type xargsOptions struct {
	perCall int    // -n: items a call; 0: as many as fit
	lines   int    // -L: lines a call; 0: as many as fit
	replace string // -I: what an item replaces; each line is an item
	nul     bool   // -0: items end at NUL
	byLine  bool   // -d '\n': items end at line breaks, quotes are ordinary
}

const xargsSupported = "supported are -n N, -L N, -I R, -r, -0, -d '\\n' and -P 1"

// parseXargs answers the options and the command with its arguments.
func parseXargs(args []string) (o xargsOptions, command []string, err error) {
	for len(args) > 0 {
		arg := args[0]
		if len(arg) < 2 || arg[0] != '-' {
			break
		}
		args = args[1:]
		if arg == "--" {
			break
		}
		if args, err = o.cluster(arg, args); err != nil {
			return o, nil, err
		}
	}
	return o, args, o.check()
}

// cluster reads one argument of options, as in -r, -rn5 or -I {}, and answers
// the arguments that are left.
func (o *xargsOptions) cluster(arg string, rest []string) ([]string, error) {
	for i := 1; i < len(arg); i++ {
		switch arg[i] {
		case 'r':
			continue
		case '0':
			o.nul = true
			continue
		case 'n', 'L', 'I', 'P', 'd':
		default:
			return nil, fmt.Errorf("the option %s is not supported; %s", safe(arg), xargsSupported)
		}
		value := arg[i+1:]
		if value == "" {
			if len(rest) == 0 {
				return nil, fmt.Errorf("-%c needs a value", arg[i])
			}
			value, rest = rest[0], rest[1:]
		}
		return rest, o.set(arg[i], value)
	}
	return rest, nil
}

func (o *xargsOptions) set(option byte, value string) error {
	switch option {
	case 'I':
		o.replace = value
		return nil
	case 'd':
		if value != `\n` && value != "\n" {
			return fmt.Errorf("-d knows only '\\n'")
		}
		o.byLine = true
		return nil
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return fmt.Errorf("-%c needs a number from 1, not %s", option, safe(value))
	}
	switch option {
	case 'n':
		o.perCall = n
	case 'L':
		o.lines = n
	case 'P':
		if n != 1 {
			return fmt.Errorf("-P %d is not supported, only -P 1 is: calls are made together without it where that is faster", n)
		}
	}
	return nil
}

// check refuses combinations of which GNU's would silently drop one.
func (o *xargsOptions) check() error {
	var given []string
	if o.perCall > 0 && !(o.replace != "" && o.perCall == 1) {
		given = append(given, "-n")
	}
	if o.lines > 0 && !(o.replace != "" && o.lines == 1) {
		given = append(given, "-L")
	}
	if o.replace != "" {
		given = append(given, "-I")
	}
	if len(given) > 1 {
		return fmt.Errorf("%s cannot be given together", strings.Join(given, " and "))
	}
	return nil
}
