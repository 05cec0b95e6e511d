package guard

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/helix-collective/helix/suggest"
)

// invocation is a call as redis-cli's own options shape it.
type invocation struct {
	db       int // negative: that of the configuration
	protocol int // 2, or 3 as -3 and --json have it
	format   format
	strict   bool // -e: an error reply is status 1
	quoted   bool // --quoted-input: the words of the command are quoted
	scan     scanning
	viewing  time.Duration // how long a live view lasts; 0 for what is none
	argv     []string      // the Redis command
}

// scanning is what --scan looks for. The other fields mean nothing without it.
type scanning struct {
	on       bool
	pattern  string
	nameless bool // the pattern is given and empty: the key with the empty name
	typ      string
	count    int
}

// flag is one option of redis-cli that Helix takes.
type flag struct {
	name  string
	value bool // an argument follows
	set   func(in *invocation, value string) error
}

// flags lists the options that are taken.
func flags() []flag {
	return []flag{
		{"-n", true, setDB},
		{"-2", false, func(in *invocation, _ string) error { in.protocol = 2; return nil }},
		{"-3", false, func(in *invocation, _ string) error { in.protocol = 3; return nil }},
		{"-d", true, func(in *invocation, v string) error { in.format.between = v; return nil }},
		{"-D", true, func(in *invocation, v string) error { in.format.after = v; return nil }},
		{"-e", false, func(in *invocation, _ string) error { in.strict = true; return nil }},
		{"-c", false, ignored},
		{"--no-auth-warning", false, ignored},
		{"--raw", false, setStyle(rawStyle)},
		{"--no-raw", false, setStyle(ttyStyle)},
		{"--csv", false, setStyle(csvStyle)},
		{"--json", false, setStyle(jsonStyle)},
		{"--quoted-json", false, setStyle(quotedJSONStyle)},
		{"--quoted-input", false, func(in *invocation, _ string) error { in.quoted = true; return nil }},
		{"--show-pushes", true, ignored},
		{"--verbose", false, ignored},
		{"--scan", false, func(in *invocation, _ string) error { in.scan.on = true; return nil }},
		{"--pattern", true, setPattern},
		{"--quoted-pattern", true, setQuotedPattern},
		{"--type", true, func(in *invocation, v string) error { in.scan.typ = v; return nil }},
		{"--count", true, setCount},
	}
}

func ignored(*invocation, string) error { return nil }

func setStyle(s style) func(*invocation, string) error {
	return func(in *invocation, _ string) error { in.format.style = s; return nil }
}

func setDB(in *invocation, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 {
		return &misuse{fmt.Sprintf("-n takes the number of a database, not %q", value)}
	}
	in.db = n
	return nil
}

func setPattern(in *invocation, value string) error {
	in.scan.pattern, in.scan.nameless = value, value == ""
	return nil
}

func setQuotedPattern(in *invocation, value string) error {
	pattern, ok := unquote(value)
	if !ok {
		return &misuse{"Invalid quoted string specified for --quoted-pattern."}
	}
	return setPattern(in, pattern)
}

func setCount(in *invocation, value string) error {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return &misuse{fmt.Sprintf("--count takes how many keys a step looks at, not %q", value)}
	}
	in.scan.count = n
	return nil
}

// unavailable lists options of redis-cli that are refused, and why.
func unavailable() map[string]string {
	const (
		elsewhere = "Helix talks to the Redis server of its configuration only; whoever runs it sets `redis.url`"
		identity  = "Helix signs in with the user of its configuration only"
		samples   = "it reads every key of the server; `redis --scan --pattern … | head -1000 | xargs -n 1 redis memory usage` looks at as many as you choose"
		watching  = "it would run without end; `status` tells how the server does"
		scripts   = "scripts can do anything, for any length of time, while the server serves nobody else"
		stdin     = "what comes out of a pipe is taken by `xargs`, as in `… | xargs redis get`"
		repeating = "a call runs once; `for i in $(seq 3); do …; done` repeats it"
		files     = "Helix reads and writes no files"
	)
	return map[string]string{
		"-h": elsewhere, "-p": elsewhere, "-s": elsewhere, "-u": elsewhere, "--sni": elsewhere,
		"--tls": elsewhere, "--insecure": elsewhere, "--cacert": elsewhere, "--cacertdir": elsewhere,
		"--cert": elsewhere, "--key": elsewhere, "--tls-ciphers": elsewhere, "--tls-ciphersuites": elsewhere,
		"--cluster": "it changes a Cluster's shape; that is for a terminal on the server",
		"-a":        identity, "--user": identity, "--pass": identity, "--askpass": identity,
		"--eval": scripts, "--ldb": scripts, "--ldb-sync-mode": scripts,
		"-x": stdin, "-X": stdin, "--pipe": stdin, "--pipe-timeout": stdin,
		"-r": repeating, "-i": repeating,
		"--rdb": files, "--functions-rdb": files, "--replica": files, "--slave": files,
		"--bigkeys": samples, "--memkeys": samples, "--memkeys-samples": samples, "--hotkeys": samples,
		"--stat": watching, "--latency": watching, "--latency-history": watching, "--latency-dist": watching,
		"--intrinsic-latency": watching, "--lru-test": "it writes test keys without end",
	}
}

// parseInvocation reads redis-cli's options; they end where the first word
// stands that is none.
func parseInvocation(args []string) (invocation, error) {
	in := invocation{db: -1, format: rawFormat()}
	for len(args) > 0 && strings.HasPrefix(args[0], "-") {
		rest, err := in.take(args)
		if err != nil {
			return invocation{}, err
		}
		args = rest
	}
	in.argv = args
	if in.quoted {
		if err := in.unquoteWords(); err != nil {
			return invocation{}, err
		}
	}
	if err := in.takeViewing(); err != nil {
		return invocation{}, err
	}
	if in.protocol == 0 {
		in.protocol = 2
		if in.format.style == jsonStyle || in.format.style == quotedJSONStyle {
			in.protocol = 3
		}
	}
	return in, nil
}

// unquoteWords takes the quotes off the words of the command.
func (in *invocation) unquoteWords() error {
	words := make([]string, len(in.argv))
	for i, quoted := range in.argv {
		word, ok := unquote(quoted)
		if !ok {
			return &misuse{"Invalid quoted string"}
		}
		words[i] = word
	}
	in.argv = words
	return nil
}

// take reads one option and answers what follows it.
func (in *invocation) take(args []string) ([]string, error) {
	name := args[0]
	for _, f := range flags() {
		switch {
		case f.name != name:
		case !f.value:
			return args[1:], f.set(in, "")
		case len(args) < 2:
			return nil, &misuse{fmt.Sprintf("%s needs a value", name)}
		default:
			return args[2:], f.set(in, args[1])
		}
	}
	if why, known := unavailable()[name]; known {
		return nil, &Refused{Command: "redis " + name, Reason: why}
	}
	if near, ok := suggest.Nearest(name, flagNames()); ok && len(name) > 2 {
		return nil, &misuse{fmt.Sprintf("%q is not an option here; did you mean %s?", name, near)}
	}
	return nil, &misuse{fmt.Sprintf("%q is not an option here; there are %s", name, strings.Join(flagNames(), " "))}
}

func flagNames() []string {
	var names []string
	for _, f := range flags() {
		names = append(names, f.name)
	}
	return names
}
