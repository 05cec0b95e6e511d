package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/helix-collective/helix/acl"
	"github.com/helix-collective/helix/dial"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/settings"
)

// aclFlags are the flags of check that have to do with the user that Helix
// signs in to Redis with.
type aclFlags struct {
	features string // empty: no user is asked for
	as       string
	version  string
	server   string
	user     string
}

// configured stands for the features that the configuration makes use of.
const configured = "configured"

func (f *aclFlags) declare(flags *pflag.FlagSet) {
	flags.StringVar(&f.features, "acl", "", "print the Redis user that Helix needs, for these features (base, sessions, read, write, … or all; "+
		"by default those that the configuration uses), and check nothing")
	flags.Lookup("acl").NoOptDefVal = configured
	flags.StringVar(&f.as, "as", "setuser", "with --acl: setuser for an ACL SETUSER command, file for a line of an ACL file")
	flags.StringVar(&f.version, "for", "7", "with --acl: the server's version; before 7 (6.2) there are no selectors, so rights are wider")
	flags.StringVar(&f.server, "on", "redis", "with --acl: the user on redis itself, or on each sentinel")
	flags.StringVar(&f.user, "user", "", "with --acl: the user's name (default that of redis.url, or helix)")
}

// read takes what stands behind --acl as further features, as in
// "--acl read,write".
func (f *aclFlags) read(flags *pflag.FlagSet) error {
	if !flags.Changed("acl") {
		for _, name := range []string{"as", "for", "on", "user"} {
			if flags.Changed(name) {
				return &exitError{exitUsage, fmt.Sprintf("--%s goes with --acl. `helix check --help` lists the flags.", name)}
			}
		}
		return nil
	}
	if more := strings.Join(flags.Args(), ","); more != "" && f.features == configured {
		f.features = more
	} else if more != "" {
		f.features += "," + more
	}
	for name, choice := range map[string]struct {
		value string
		of    []string
	}{"as": {f.as, []string{"setuser", "file"}}, "on": {f.server, []string{"redis", "sentinel"}}} {
		if !slices.Contains(choice.of, choice.value) {
			return &exitError{exitUsage, fmt.Sprintf("--%s takes %s, not %q.", name, strings.Join(choice.of, " or "), choice.value)}
		}
	}
	if !isUserName(f.user) {
		return &exitError{exitUsage, "--user takes a name without blanks, quotes and parentheses."}
	}
	return nil
}

// isUserName reports whether a name can be a word of an ACL; "" is none given.
func isUserName(name string) bool { return !strings.ContainsFunc(name, unfitForACL) }

func unfitForACL(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`"'()`, r) }

// printACL prints the user that the configuration needs, or the features that
// were asked for. The line stands alone on standard output; what to do with it
// is said beside it.
func (f common) printACL(c *cli, flags aclFlags) error {
	base, err := f.load()
	if err != nil {
		return err
	}
	policy, err := newPolicy(base)
	if err != nil {
		return &exitError{exitFailure, err.Error()}
	}
	target := targetOf(base)
	needs, err := flags.needs(base, policy, target)
	if err != nil {
		return &exitError{exitUsage, sentence(err.Error())}
	}
	line := needs.SetUser
	if flags.as == "file" {
		line = needs.Line
	}
	if _, err := fmt.Fprintln(c.out, line(flags.name(target), acl.NoPassword)); err != nil {
		return err
	}
	_, err = fmt.Fprint(c.err, flags.notes(needs, len(base.Roles()) > 0))
	return err
}

// targetOf answers where Redis is; the zero Target where that is not configured,
// or not as it should be, which check says.
func targetOf(base *settings.Base) dial.Target {
	target, err := dial.Parse(base.Snapshot().Secret(settings.RedisURL))
	if err != nil {
		return dial.Target{}
	}
	return target
}

// name answers the user's name: the default user is nobody to be narrowed, since
// others may be using it.
func (f aclFlags) name(target dial.Target) string {
	switch {
	case f.user != "":
		return f.user
	case target.User != "" && target.User != "default" && isUserName(target.User):
		return target.User
	}
	return "helix"
}

func (f aclFlags) needs(base *settings.Base, policy *permissions.Policy, target dial.Target) (acl.Needs, error) {
	plain, err := isPlain(f.version)
	if err != nil {
		return acl.Needs{}, err
	}
	if f.server == "sentinel" {
		return acl.Needs{Features: []acl.Name{acl.Sentinel}, Plain: plain}, nil
	}
	needs := neededBy(base, policy, target)
	needs.Plain = plain
	if f.features == configured {
		return needs, nil
	}
	needs.Features, err = acl.Find(strings.Split(f.features, ","))
	return needs, err
}

func isPlain(version string) (bool, error) {
	var major int
	if _, err := fmt.Sscanf(version, "%d", &major); err != nil || major < 6 || major > 99 {
		return false, fmt.Errorf("--for takes a version of Redis, as in 6.2 or 7, not %q", version)
	}
	return major < 7, nil
}

// notes say what to do with the line, and what it leaves out.
func (f aclFlags) notes(needs acl.Needs, roles bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Put the password's SHA-256 for %s: printf %%s 'PASSWORD' | sha256sum\n", acl.NoPassword)
	if f.as == "file" {
		b.WriteString("Append the line to the server's aclfile, then ACL LOAD; on every server, replicas included: ACLs are not replicated.\n")
	} else {
		b.WriteString("Run it on every server, replicas included: ACLs are not replicated. Then ACL SAVE or CONFIG REWRITE, or a restart forgets it.\n")
	}
	if f.server == "sentinel" {
		return b.String()
	}
	var without []string
	for _, name := range acl.All() {
		if name != acl.Cluster && !slices.Contains(needs.Features, name) {
			without = append(without, string(name))
		}
	}
	if len(without) > 0 {
		fmt.Fprintf(&b, "Left out: %s.", strings.Join(without, ", "))
		if f.features == configured && roles {
			b.WriteString(" No role of the configuration uses them; the owner of the Discord server cannot either, then. `--acl=all` has all.")
		}
		b.WriteString("\n")
	}
	return b.String()
}
