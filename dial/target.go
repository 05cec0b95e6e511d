// Package dial opens Redis clients for an address in any form that Redis is
// reached by: one server, Sentinel or Cluster, with or without TLS. It never
// shows a password: a Target prints itself without its user's secret, and no
// error repeats the address it was given.
package dial

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

// Target is a Redis to connect to, as its address says.
type Target struct {
	Hosts    []string // host:port, at least one
	TLS      bool
	Cluster  bool
	Master   string // the name that Sentinel knows the master by; "" without Sentinel
	User     string
	Password string
	DB       int // 0 in Cluster
}

// Forms names the accepted address forms, for help and errors.
const Forms = "redis://[user:password@]host[:port][/db], rediss:// for TLS, " +
	"redis+sentinel://host:port,host:port/master[/db], redis+cluster://host:port,host:port"

const (
	defaultPort         = "6379"
	defaultSentinelPort = "26379"
)

// Parse reads an address in one of the Forms. Several hosts without
// "+sentinel" mean Cluster. Errors name the fault but never the address, which
// may hold a password.
func Parse(address string) (Target, error) {
	scheme, rest, ok := strings.Cut(strings.TrimSpace(address), "://")
	if !ok {
		return Target{}, fmt.Errorf("the Redis address has no scheme; write it as %s", Forms)
	}
	t := Target{}
	switch strings.ToLower(scheme) {
	case "redis":
	case "rediss":
		t.TLS = true
	case "redis+sentinel", "rediss+sentinel":
		t.TLS = strings.HasPrefix(strings.ToLower(scheme), "rediss")
		t.Master = "?"
	case "redis+cluster", "rediss+cluster":
		t.TLS = strings.HasPrefix(strings.ToLower(scheme), "rediss")
		t.Cluster = true
	default:
		return Target{}, fmt.Errorf("the Redis address has an unknown scheme; write it as %s", Forms)
	}
	return t.parseRest(rest)
}

func (t Target) parseRest(rest string) (Target, error) {
	if at := strings.LastIndex(rest, "@"); at >= 0 {
		if err := t.parseUser(rest[:at]); err != nil {
			return Target{}, err
		}
		rest = rest[at+1:]
	}
	rest, query, _ := strings.Cut(rest, "?")
	if query != "" {
		return Target{}, errors.New("options after \"?\" in the Redis address are not supported; use the redis.* settings")
	}
	hosts, path, _ := strings.Cut(rest, "/")
	if err := t.parseHosts(hosts); err != nil {
		return Target{}, err
	}
	if err := t.parsePath(path); err != nil {
		return Target{}, err
	}
	t.Cluster = t.Cluster || t.Master == "" && len(t.Hosts) > 1
	if t.Cluster && t.DB != 0 {
		return Target{}, errors.New("a Redis Cluster has only database 0")
	}
	return t, nil
}

func (t *Target) parseUser(info string) error {
	user, password, ok := strings.Cut(info, ":")
	if !ok { // redis://secret@host, as some platforms write it
		user, password = "", info
	}
	var err1, err2 error
	t.User, err1 = url.PathUnescape(user)
	t.Password, err2 = url.PathUnescape(password)
	if err1 != nil || err2 != nil {
		return errors.New("the user or password in the Redis address is not percent-encoded correctly")
	}
	return nil
}

func (t *Target) parseHosts(hosts string) error {
	port := defaultPort
	if t.Master != "" {
		port = defaultSentinelPort
	}
	for _, h := range strings.Split(hosts, ",") {
		if h = strings.TrimSpace(h); h == "" {
			return fmt.Errorf("the Redis address lacks a host; write it as %s", Forms)
		}
		name, p, err := net.SplitHostPort(h)
		if err != nil {
			name, p = h, port
			if inner, ok := strings.CutPrefix(h, "["); ok && strings.HasSuffix(h, "]") {
				name = strings.TrimSuffix(inner, "]")
			}
		}
		if !isHost(name) {
			return errors.New("the Redis address has a host that is none; an IPv6 address stands in brackets: redis://[::1]:6379")
		}
		if n, err := strconv.ParseUint(p, 10, 16); err != nil || n == 0 {
			return errors.New("the Redis address has a port that is not a number from 1 to 65535")
		}
		t.Hosts = append(t.Hosts, net.JoinHostPort(name, p))
	}
	return nil
}

// isHost reports whether a name can be a host's: an address, or letters that no
// part of a Redis address gives a meaning.
func isHost(name string) bool {
	if ip, err := netip.ParseAddr(name); err == nil {
		name = ip.Zone() + "0"
	}
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r == 0x7f || strings.ContainsRune(`:[]/?#@,\%"'<>`, r)
	})
}

func (t *Target) parsePath(path string) error {
	db := path
	if t.Master != "" {
		t.Master, db, _ = strings.Cut(path, "/")
		if t.Master == "" || strings.ContainsFunc(t.Master, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }) {
			return errors.New("the Sentinel address lacks the master's name: redis+sentinel://host:port/NAME")
		}
	}
	if db == "" {
		return nil
	}
	n, err := strconv.Atoi(db)
	if err != nil || n < 0 {
		return errors.New("the database in the Redis address is not a number: redis://host:port/2")
	}
	t.DB = n
	return nil
}

// String shows where the target is, without its password.
func (t Target) String() string {
	scheme, suffix := "redis", ""
	if t.TLS {
		scheme = "rediss"
	}
	switch {
	case t.Master != "":
		scheme, suffix = scheme+"+sentinel", "/"+t.Master
	case t.Cluster:
		scheme += "+cluster"
	}
	if t.DB != 0 {
		suffix += "/" + strconv.Itoa(t.DB)
	}
	return scheme + "://" + strings.Join(t.Hosts, ",") + suffix
}

// GoString keeps the password out of %#v as well.
func (t Target) GoString() string { return "dial.Target(" + t.String() + ")" }

// Format keeps the password out of every verb, %+v included.
func (t Target) Format(f fmt.State, _ rune) { _, _ = fmt.Fprint(f, t.String()) }
