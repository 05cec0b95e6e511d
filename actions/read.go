package actions

import (
	"cmp"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	usualTimeout = 30 * time.Second
	leastTimeout = time.Second
	mostTimeout  = 5 * time.Minute
)

// Options is what reading a configuration needs beside it.
type Options struct {
	// Variable answers what ${NAME} stands for. nil means that there is none.
	Variable func(name string) (value string, ok bool, err error)

	// Taken reports whether a word means something else already, so that no
	// line may begin with it. nil means that none does.
	Taken func(word string) bool

	// Roots are the authorities whose certificates are trusted; nil means those
	// of the system.
	Roots *x509.CertPool
}

// reader reads specs one after the other.
type reader struct {
	Options
	client *http.Client
}

func newReader(o Options) reader {
	if o.Variable == nil {
		o.Variable = func(string) (string, bool, error) { return "", false, nil }
	}
	if o.Taken == nil {
		o.Taken = func(string) bool { return false }
	}
	return reader{o, newClient(o.Roots)}
}

// read answers the action of a spec and what is wrong with it: texts to stand
// behind its name, as in ".url: …".
func (r reader) read(name string, spec Spec) (Action, []string) {
	s := &specReader{reader: r, spec: spec, variables: variables{lookup: r.Variable}}
	if !properName.MatchString(name) {
		s.wrong("", "an action's name has small letters, digits, - and _")
	}
	c := &call{client: r.client, method: s.method(), header: s.headers(), expect: spec.Expect, timeout: s.timeout()}
	c.url, c.shown = s.address()
	c.body, c.graphQL = s.body()
	c.secrets = s.variables.used()
	words := s.words()
	a := Action{
		Name: name, Line: strings.Join(words, " "), Description: oneLine(spec.Description),
		words: words, plan: c.plan(), run: c.run, holds: func() []string { return c.secrets },
	}
	return a, s.problems
}

var (
	properName   = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,63}$`)
	plainWord    = regexp.MustCompile(`^[\pL\pN._:/@%+,-]+$`)
	properHeader = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
)

// specReader reads one spec and collects what is wrong with it.
type specReader struct {
	reader
	spec      Spec
	variables variables
	problems  []string
}

func (s *specReader) wrong(field, format string, args ...any) {
	if field != "" {
		field = "." + field
	}
	s.problems = append(s.problems, field+": "+fmt.Sprintf(format, args...))
}

// words are those of the line. They are plain, so that typing them gives just
// them, whatever the shell does to others.
func (s *specReader) words() []string {
	words := strings.Fields(s.spec.Line)
	if len(words) == 0 {
		s.wrong("line", "it has to say what is typed, as in \"railway service restart redis\"")
		return nil
	}
	for _, w := range words {
		if !plainWord.MatchString(w) {
			s.wrong("line", "%q is no plain word: letters, digits and . _ : / @ %% + , - can stand in one", w)
		}
	}
	if s.Taken(words[0]) {
		s.wrong("line", "%q means something to Helix already; a line begins with a word of its own", words[0])
	}
	return words
}

func (s *specReader) method() string {
	known := []string{http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodGet}
	method := strings.ToUpper(cmp.Or(s.spec.Method, http.MethodPost))
	if !slices.Contains(known, method) {
		s.wrong("method", "%q is none of %s", s.spec.Method, strings.Join(known, ", "))
	}
	return method
}

// address answers the URL, and the form of it that may be shown.
func (s *specReader) address() (whole, shown string) {
	u, err := url.Parse(s.spec.URL)
	switch {
	case s.spec.URL == "":
		s.wrong("url", "it is missing")
	case strings.Contains(s.spec.URL, "${"):
		s.wrong("url", "addresses are shown, so no variable stands in one; put the secret into a header")
	case err != nil || u.Host == "" || u.Hostname() == "":
		s.wrong("url", "it is not an address such as https://example.com/path")
	case u.User != nil:
		s.wrong("url", "no user and password stand in an address; put them into a header, from a variable")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		s.wrong("url", "it has to begin with https:// (http:// is for this machine alone)")
	default:
		shown = u.Scheme + "://" + u.Host + u.EscapedPath()
		if u.RawQuery != "" {
			shown += "?…"
		}
		return u.String(), shown
	}
	return "", ""
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

func (s *specReader) headers() http.Header {
	header := make(http.Header)
	for name, value := range s.spec.Headers {
		field := "headers." + name
		if !properHeader.MatchString(name) {
			s.wrong(field, "it is no name of a header")
			continue
		}
		switch http.CanonicalHeaderKey(name) {
		case "Host", "Content-Length", "Transfer-Encoding", "Connection":
			s.wrong(field, "it follows from the address and the body")
			continue
		}
		text, err := s.variables.expand(value)
		switch {
		case err != nil:
			s.wrong(field, "%v", err)
		case strings.ContainsFunc(text, isControl):
			s.wrong(field, "with its variables it has a line break or another control character")
		}
		header.Set(name, text)
	}
	return header
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// body answers the JSON to send, and whether it is a call of GraphQL.
func (s *specReader) body() (data []byte, graphQL bool) {
	switch s.spec.Body.(type) {
	case nil:
		return nil, false
	case map[string]any, []any:
	default:
		s.wrong("body", "expected names and values below it, which are sent as JSON")
		return nil, false
	}
	body, err := s.variables.expandAll(s.spec.Body)
	if err == nil {
		data, err = json.Marshal(body)
	}
	if err != nil {
		s.wrong("body", "%v", err)
	}
	fields, _ := body.(map[string]any)
	_, graphQL = fields["query"].(string)
	return data, graphQL
}

func (s *specReader) timeout() time.Duration {
	if s.spec.Timeout == "" {
		return usualTimeout
	}
	d, err := time.ParseDuration(s.spec.Timeout)
	if err != nil || d < leastTimeout || d > mostTimeout {
		s.wrong("timeout", "%q is no time from 1s to 5m, as in 30s", s.spec.Timeout)
	}
	return d
}

// oneLine answers a text without line breaks and other control characters.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, isControl), " ")
}
