package discordtest

import (
	"fmt"
	"slices"
	"strings"
)

// fileLimit is the size in bytes above which Discord refuses a file in a guild
// without boosts.
const fileLimit = 10 << 20

// Violation is one rule that a request breaks.
type Violation struct {
	Pointer string // JSON pointer into the body; empty for the request itself
	Rule    string // the schema's keyword, "unknown" or the name of a limit
	Value   string // the offending value as JSON
	Detail  string
}

func (v Violation) String() string {
	s := v.Rule
	if v.Pointer != "" {
		s = v.Pointer + ": " + s
	}
	if v.Value != "" {
		s += " " + v.Value
	}
	if v.Detail != "" {
		s += " (" + v.Detail + ")"
	}
	return s
}

// AllowViolations tells that this test sends bad requests on purpose.
func (d *Discord) AllowViolations() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.excused = true
}

// Violations answers the rules broken so far, each with its request.
func (d *Discord) Violations() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for _, r := range d.requests {
		for _, v := range r.Violations {
			all = append(all, fmt.Sprintf("%s: %s\n  in %s", orElse(r.Operation, "no operation"), v, shorten(r.String())))
		}
	}
	return all
}

// accuse records a violation that is no request's. The caller holds mu.
func (d *Discord) accuse(operation string, v Violation) {
	d.requests = append(d.requests, &Request{Operation: operation, Method: "-", Violations: []Violation{v}})
}

func (d *Discord) reportViolations() {
	d.t.Helper()
	all := d.Violations()
	if len(all) > 0 && !d.excused {
		d.t.Errorf("discordtest: Discord forbids what the bot sent:\n%s", strings.Join(all, "\n"))
	}
}

func orElse(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func shorten(s string) string {
	const most = 2000
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

// inspect finds what is wrong with a request, whatever is then answered.
// Discord's tolerance for its client library is noted in tolerated.
func (d *Discord) inspect(req *Request, rt route, params map[string]string) {
	for _, v := range d.checker.check(req, rt) {
		excuse := slices.IndexFunc(d.tolerances, func(t tolerance) bool { return t.excuses(req.Operation, params, v) })
		if excuse >= 0 {
			req.tolerated = append(req.tolerated, d.tolerances[excuse])
			continue
		}
		req.Violations = append(req.Violations, v)
	}
}

// refused answers the error with which Discord turns a malformed request down.
// What it would not notice is nil.
func (r *Request) refused() *apiError {
	for _, v := range r.Violations {
		switch v.Rule {
		case "unknown", "user-agent", "version", "route", "operation", "authorization", "attachment", "file-unseen":
		case "empty-message":
			return refusal(codeEmptyMessage)
		case "file-size":
			return refusal(codeTooLarge)
		case "content-length":
			return invalidForm("BASE_TYPE_BAD_LENGTH", "Must be 2000 or fewer in length.", "content")
		default:
			path := strings.Split(strings.TrimPrefix(v.Pointer, "/"), "/")
			return invalidForm("BASE_TYPE_INVALID", v.String(), path...)
		}
	}
	return nil
}
