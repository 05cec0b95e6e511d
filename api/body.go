package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/helix-collective/helix/clientip"
)

// body is the members of a request's JSON object.
type body map[string]json.RawMessage

// read answers the body of a request: a JSON object that has no members but
// these, each at most once and by exactly that name. The package json would take
// the last of several, and USER_ID for user_id.
func (s *Server) read(w http.ResponseWriter, r *http.Request, members ...string) (body, error) {
	if err := checkType(r); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, s.maxBody))
	if err != nil {
		return nil, unread(err)
	}
	if !utf8.Valid(text) {
		return nil, invalid("", "The body is not UTF-8")
	}
	b, err := parseObject(text, members)
	if err != nil {
		return nil, err
	}
	return b, nil
}

func checkType(r *http.Request) error {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset, named := params["charset"]
	if err != nil || kind != jsonType || named && !strings.EqualFold(charset, "utf-8") || r.Header.Get("Content-Encoding") != "" {
		return &problem{Type: "content-type", Status: http.StatusUnsupportedMediaType, Detail: "The body has to be application/json."}
	}
	return nil
}

// unread tells a body that is too large from one that did not arrive.
func unread(err error) error {
	if p := problemOf(err); p.Status == http.StatusRequestEntityTooLarge {
		return p
	}
	return invalid("", "The body did not arrive as a whole")
}

func parseObject(text []byte, members []string) (body, error) {
	notObject := invalid("", "The body is not a JSON object")
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, notObject
	}
	b := make(body)
	for d.More() {
		token, err := d.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return nil, notObject
		}
		if _, twice := b[name]; twice || !slices.Contains(members, name) {
			return nil, invalid("", "The body may have the members "+strings.Join(members, ", ")+", each once, and no others")
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, notObject
		}
		b[name] = value
	}
	if _, err := d.Token(); err != nil { // the closing brace
		return nil, notObject
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, notObject
	}
	return b, nil
}

// has reports whether there is a member, and not null.
func (b body) has(name string) bool {
	value, ok := b[name]
	return ok && string(value) != "null"
}

// text answers a member that is a string. Half of a surrogate pair stands for no
// character; the package json reads every one as U+FFFD, by which two people
// could become one.
func (b body) text(name string) (string, error) {
	if !b.has(name) {
		return "", invalid(name, "missing")
	}
	var text string
	if err := json.Unmarshal(b[name], &text); err != nil {
		return "", invalid(name, "not a string")
	}
	if strings.ContainsRune(text, utf8.RuneError) {
		return "", invalid(name, "not a text in Unicode")
	}
	return text, nil
}

// optional answers a member that may be missing or null, which is empty.
func (b body) optional(name string) (string, error) {
	if !b.has(name) {
		return "", nil
	}
	return b.text(name)
}

// user answers whose session is meant; empty where the member is null, or may be
// missing and is.
func (b body) user(name string) (string, error) {
	userID, err := b.optional(name)
	if err == nil && b.has(name) && userID == "" {
		err = invalid(name, "empty; nobody is null")
	}
	return userID, err
}

// address answers a member that is an address.
func (b body) address(name string) (string, error) {
	text, err := b.text(name)
	if err != nil {
		return "", err
	}
	addr, ok := clientip.Parse(text)
	if !ok {
		return "", invalid(name, "not an IPv4 or IPv6 address")
	}
	return addr.String(), nil
}

// required refuses a body that lacks a member which may be null.
func (b body) required(name string) error {
	if _, ok := b[name]; !ok {
		return invalid(name, fmt.Sprintf("missing; a session of nobody has %q: null", name))
	}
	return nil
}
