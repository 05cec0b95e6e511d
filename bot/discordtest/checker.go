package discordtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// checker holds requests against Discord's OpenAPI description and the limits
// that it leaves out.
type checker struct {
	described *description // nil without one: only the limits are checked
}

// newChecker fails the test if the description cannot be read, or if there is
// none where there must be one.
func newChecker(t testing.TB) *checker {
	t.Helper()
	described, err := sharedDescription()
	if err == nil && described == nil && descriptionRequired() {
		err = fmt.Errorf("no OpenAPI description of Discord; name it in %s", descriptionVariable)
	}
	if err != nil {
		t.Fatalf("discordtest: %v", err)
	}
	return &checker{described: described}
}

// descriptionRequired: in CI, or where the tests must meet the real parts.
func descriptionRequired() bool {
	return os.Getenv("HELIX_REQUIRE_REDIS") == "1" || os.Getenv("CI") != ""
}

// check finds what is wrong with a request.
func (c *checker) check(req *Request, rt route) []Violation {
	var found []Violation
	if req.broken != "" {
		found = append(found, Violation{Rule: "body", Detail: req.broken})
	}
	if rt.handle == nil {
		found = append(found, Violation{Rule: "route", Detail: "this fake does not serve " + req.Method + " " + req.Path})
	}
	found = append(found, checkHeaders(req, rt)...)
	if c.described != nil {
		found = append(found, c.describedRules(req)...)
	}
	return append(found, checkLimits(req)...)
}

// checkHeaders holds a request against what Discord asks of every one.
func checkHeaders(req *Request, rt route) []Violation {
	var found []Violation
	if !strings.HasPrefix(req.Header.Get("User-Agent"), "DiscordBot (") {
		found = append(found, Violation{Rule: "user-agent", Value: toJSON(req.Header.Get("User-Agent")), Detail: "must read DiscordBot (address, version)"})
	}
	if !rt.open && req.Header.Get("Authorization") == "" {
		found = append(found, Violation{Rule: "authorization", Detail: "missing"})
	}
	if req.Version != "v10" {
		found = append(found, Violation{Rule: "version", Value: toJSON(req.Version), Detail: "the description is of v10"})
	}
	return found
}

func (c *checker) describedRules(req *Request) []Violation {
	op, params := c.described.operation(req.Method, req.Path)
	if op == nil {
		return []Violation{{Rule: "operation", Detail: "Discord has no " + req.Method + " " + req.Path}}
	}
	found := c.checkPath(op, params)
	found = append(found, c.checkQuery(op, req.Query)...)
	return append(found, c.checkBody(op, req)...)
}

func (c *checker) checkPath(op *operation, params map[string]string) []Violation {
	var found []Violation
	for _, p := range op.params {
		if value, ok := params[p.name]; ok && p.in == "path" {
			found = append(found, c.checkParameter(p, coerce(p.schema, value))...)
		}
	}
	return found
}

func (c *checker) checkQuery(op *operation, query url.Values) []Violation {
	var found []Violation
	known := map[string]bool{}
	for _, p := range op.params {
		if p.in != "query" {
			continue
		}
		known[p.name] = true
		switch values, given := query[p.name]; {
		case given:
			found = append(found, c.checkParameter(p, coerceAll(p.schema, values))...)
		case p.required:
			found = append(found, Violation{Pointer: "?" + p.name, Rule: "required"})
		}
	}
	for name, values := range query {
		if !known[name] {
			found = append(found, Violation{Pointer: "?" + name, Rule: "unknown", Value: toJSON(values[0])})
		}
	}
	return found
}

func (c *checker) checkParameter(p parameter, value any) []Violation {
	found := c.violations(c.described.validate(p.at, value), value)
	for i := range found {
		found[i].Pointer = map[string]string{"query": "?", "path": "{"}[p.in] + p.name + found[i].Pointer
		if p.in == "path" {
			found[i].Pointer += "}"
		}
	}
	return found
}

// coerce reads a parameter's text as the type that its schema asks for; a text
// that is none stays one and fails the schema.
func coerce(schema object, value string) any {
	switch schema["type"] {
	case "integer", "number":
		if _, err := strconv.ParseFloat(value, 64); err == nil {
			return json.Number(value)
		}
	case "boolean":
		if b, err := strconv.ParseBool(value); err == nil {
			return b
		}
	}
	return value
}

func coerceAll(schema object, values []string) any {
	if schema["type"] != "array" {
		return coerce(schema, values[0])
	}
	all := list{}
	for _, v := range values {
		all = append(all, coerce(fields(schema["items"]), v))
	}
	return all
}

// checkBody holds the JSON body, or a multipart one's payload_json, against the
// schema of JSON bodies: multipart is described as the same with files added.
func (c *checker) checkBody(op *operation, req *Request) []Violation {
	schema := fields(fields(op.bodies["application/json"])["schema"])
	switch {
	case req.payload == nil && len(req.Files) == 0:
		if op.required && len(req.Body) == 0 {
			return []Violation{{Rule: "body", Detail: "required, but missing"}}
		}
		return nil
	case len(op.bodies) == 0:
		return []Violation{{Rule: "body", Value: string(req.Body), Detail: "the operation takes none"}}
	case req.multipart() && op.bodies["multipart/form-data"] == nil:
		return []Violation{{Rule: "content-type", Value: toJSON("multipart/form-data")}}
	case req.payload == nil || schema == nil:
		return nil
	}
	at := op.at + "/requestBody/content/application~1json/schema"
	found := c.violations(c.described.validate(at, req.payload), req.payload)
	return append(found, c.described.unknown(schema, req.payload, "")...)
}

// violations reduces the schema library's tree of errors to a list.
func (c *checker) violations(err error, value any) []Violation {
	if err == nil {
		return nil
	}
	var tree *jsonschema.ValidationError
	if !errors.As(err, &tree) {
		return []Violation{{Rule: "schema", Detail: err.Error()}}
	}
	var found []Violation
	for _, leaf := range leaves(tree) {
		v := Violation{Pointer: pointer(leaf.InstanceLocation), Rule: rule(leaf)}
		v.Value = toJSON(lookUp(value, leaf.InstanceLocation))
		if missing, ok := leaf.ErrorKind.(*kind.Required); ok {
			v.Value, v.Detail = "", strings.Join(missing.Missing, ", ")
		}
		if !slices.Contains(found, v) {
			found = append(found, v)
		}
	}
	return found
}

// rule is the keyword that an error is about.
func rule(e *jsonschema.ValidationError) string {
	path := e.ErrorKind.KeywordPath()
	if len(path) == 0 {
		return fmt.Sprintf("%T", e.ErrorKind)
	}
	return path[len(path)-1]
}

// leaves finds the errors at the bottom of a tree. Where several variants were
// tried, only those of the variant that was meant count.
func leaves(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	switch e.ErrorKind.(type) {
	case *kind.OneOf, *kind.AnyOf:
		return meant(e)
	}
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var all []*jsonschema.ValidationError
	for _, cause := range e.Causes {
		all = append(all, leaves(cause)...)
	}
	return all
}

// meant answers the errors of the variant that a value was meant for: of the
// right kind and type, with the fewest errors. Without one, the choice itself
// is the error.
func meant(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	var best []*jsonschema.ValidationError
	for _, branch := range e.Causes {
		tried := leaves(branch)
		if !slices.ContainsFunc(tried, func(l *jsonschema.ValidationError) bool { return otherVariant(l, len(e.InstanceLocation)) }) &&
			(best == nil || len(tried) < len(best)) {
			best = tried
		}
	}
	if best == nil {
		return []*jsonschema.ValidationError{e}
	}
	return best
}

// otherVariant tells that an error says the value is of another variant: of
// another kind altogether, or with another "type".
func otherVariant(e *jsonschema.ValidationError, depth int) bool {
	below := e.InstanceLocation[depth:]
	switch k := e.ErrorKind.(type) {
	case *kind.Type, *kind.Const, *kind.Enum, *kind.OneOf, *kind.AnyOf:
		return len(below) == 0 || len(below) == 1 && below[0] == "type"
	case *kind.Required:
		return len(below) == 0 && slices.Contains(k.Missing, "type")
	}
	return false
}

func pointer(location []string) string {
	var b strings.Builder
	for _, part := range location {
		b.WriteString("/" + escape(part))
	}
	return b.String()
}

// lookUp answers the value at a location.
func lookUp(value any, location []string) any {
	for _, part := range location {
		switch v := value.(type) {
		case object:
			value = v[part]
		case list:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(v) {
				return nil
			}
			value = v[i]
		}
	}
	return value
}

func itoa(i int) string { return strconv.Itoa(i) }
