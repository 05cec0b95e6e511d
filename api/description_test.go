package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/helix-collective/helix/internal/redistest"
)

// description is openapi.json, which every exchange of the tests is held against.
type description struct {
	doc      map[string]any
	compiler *jsonschema.Compiler

	mu   sync.Mutex
	seen map[string]bool // "POST /v1/sessions 201"
}

const descriptionURL = "helix:openapi"

func readDescription(t *testing.T) *description {
	t.Helper()
	file, err := os.Open("openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	parsed, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		t.Fatal(err)
	}
	d := &description{doc: parsed.(map[string]any), compiler: jsonschema.NewCompiler(), seen: make(map[string]bool)}
	d.compiler.DefaultDraft(jsonschema.Draft2020) // the dialect of OpenAPI 3.1
	if err := d.compiler.AddResource(descriptionURL, parsed); err != nil {
		t.Fatal(err)
	}
	return d
}

// at follows a JSON pointer, and references on its way; it answers the pointer
// without these, and nil where there is nothing.
func (d *description) at(pointer ...string) (string, any) {
	var where string
	var v any = d.doc
	for _, name := range pointer {
		object, _ := v.(map[string]any)
		where, v = where+"/"+strings.NewReplacer("~", "~0", "/", "~1").Replace(name), object[name]
		if object, ok := v.(map[string]any); ok {
			if ref, ok := object["$ref"].(string); ok {
				where, v = d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
			}
		}
	}
	return where, v
}

// validate holds JSON against the schema at a pointer.
func (d *description) validate(pointer, text string) error {
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	fragment := url.URL{Fragment: pointer}
	schema, err := d.compiler.Compile(descriptionURL + fragment.String())
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// pathOf answers the described path that a request is for.
func (d *description) pathOf(r *http.Request) string {
	paths, _ := d.doc["paths"].(map[string]any)
	for path := range paths {
		if isFor(strings.Split(path, "/"), strings.Split(r.URL.EscapedPath(), "/")) {
			return path
		}
	}
	return ""
}

func isFor(parts, asked []string) bool {
	if len(parts) != len(asked) {
		return false
	}
	for i, part := range parts {
		if part != asked[i] && !strings.HasPrefix(part, "{") {
			return false
		}
	}
	return true
}

// check holds an exchange against the description: the status, the type and the
// form of the answer, its headers, and the form of a request that was taken.
func (d *description) check(t *testing.T, r *http.Request, sent string, w *httptest.ResponseRecorder) {
	t.Helper()
	path, method, status := d.pathOf(r), strings.ToLower(r.Method), strconv.Itoa(w.Code)
	if _, known := d.at("paths", path, method); known == nil {
		if w.Code < 400 {
			t.Errorf("%s %s is not described, but answers %d", r.Method, r.URL, w.Code)
		}
		return
	}
	where, response := d.at("paths", path, method, "responses", status)
	if response == nil {
		t.Errorf("%s %s: %s is not described", r.Method, path, status)
		return
	}
	d.mu.Lock()
	d.seen[r.Method+" "+path+" "+status] = true
	d.mu.Unlock()
	if err := d.checkHeaders(where, response, w); err != nil {
		t.Errorf("%s %s %s: %v", r.Method, path, status, err)
	}
	if err := d.checkBody(where, response, w); err != nil {
		t.Errorf("%s %s %s: %s: %v", r.Method, path, status, w.Body, err)
	}
	if at, schema := d.at("paths", path, method, "requestBody", "content", "application/json", "schema"); schema != nil && w.Code < 400 {
		if err := d.validate(at, sent); err != nil {
			t.Errorf("%s %s takes %s: %v", r.Method, path, sent, err)
		}
	}
}

func (d *description) checkHeaders(where string, response any, w *httptest.ResponseRecorder) error {
	if got := w.Header().Get("Cache-Control"); got != "no-store" {
		return fmt.Errorf("Cache-Control is %q", got)
	}
	headers, _ := response.(map[string]any)["headers"].(map[string]any)
	for name, header := range headers {
		value, sent := w.Header().Get(name), len(w.Header().Values(name)) > 0
		if !sent && header.(map[string]any)["required"] == true {
			return fmt.Errorf("there is no %s", name)
		}
		if quoted, _ := json.Marshal(value); sent {
			if err := d.validate(where+"/headers/"+name+"/schema", string(quoted)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *description) checkBody(where string, response any, w *httptest.ResponseRecorder) error {
	content, _ := response.(map[string]any)["content"].(map[string]any)
	if len(content) == 0 {
		if w.Body.Len() > 0 {
			return fmt.Errorf("a body where none is described")
		}
		return nil
	}
	kind, _, err := mime.ParseMediaType(w.Header().Get("Content-Type"))
	if err != nil || content[kind] == nil {
		return fmt.Errorf("type %q, want one of %v", kind, slices.Collect(maps.Keys(content)))
	}
	return d.validate(where+"/content/"+strings.ReplaceAll(kind, "/", "~1")+"/schema", w.Body.String())
}

// described answers every operation with each of its statuses.
func (d *description) described() (all []string) {
	paths, _ := d.doc["paths"].(map[string]any)
	for path, item := range paths {
		for method := range item.(map[string]any) {
			_, responses := d.at("paths", path, method, "responses")
			for status := range responses.(map[string]any) {
				all = append(all, strings.ToUpper(method)+" "+path+" "+status)
			}
		}
	}
	slices.Sort(all)
	return all
}

// What is described can be brought about, all of it: send holds the rest of each
// exchange against the description.
func TestTheDescriptionIsOfThisService(t *testing.T) {
	server := redistest.Standalone(t)
	b := newBench(t, impatient(t, server), "api.max_body=1024")
	token, _ := b.signIn("ann")
	bodies := map[string]object{
		"/v1/sessions":            {"user_id": "ann", "ip": home},
		"/v1/sessions/validate":   {"token": token, "ip": home},
		"/v1/sessions/destroy":    {"token": token},
		"/v1/sessions/regenerate": {"token": token, "ip": home},
	}
	paths, _ := b.description.doc["paths"].(map[string]any)
	for path, item := range paths {
		target := strings.ReplaceAll(path, "{user_id}", "ann")
		for method := range item.(map[string]any) {
			b.bringAbout(strings.ToUpper(method), target, bodies[path])
		}
	}
	for _, operation := range []string{"", "/validate", "/regenerate", "/destroy"} {
		fresh, _ := b.signIn("ann")
		body := bodies["/v1/sessions"+operation]
		if operation != "" {
			body["token"] = fresh
		}
		b.post("sessions"+operation, body)
	}
	fresh, _ := b.signIn("ann")
	b.ask("__Host-session=" + fresh)
	for _, path := range []string{"/v1/policy", "/openapi.json", "/v1/users/ann/sessions"} {
		b.send(http.MethodGet, path, nil)
	}
	b.send(http.MethodDelete, "/v1/users/ann/sessions", nil)
	server.Kill()
	b.bringAbout(http.MethodGet, "/v1/users/ann/sessions", nil)
	b.send(http.MethodDelete, "/v1/users/ann/sessions", nil)
	b.ask("__Host-session=" + fresh)
	for path, body := range bodies {
		if path != "/v1/sessions" {
			body["token"] = fresh
		}
		b.send(http.MethodPost, path, body)
	}
	b.bringAboutLimits()
	for _, what := range b.description.described() {
		if !b.description.seen[what] {
			t.Errorf("%s is described, but never seen", what)
		}
	}
}

// bringAboutLimits has every operation refuse a key that asks too often.
func (b *bench) bringAboutLimits() {
	b.t.Helper()
	slow := newBench(b.t, redistest.Standalone(b.t).Client(), "api.rate=1")
	slow.description = b.description
	for _, what := range b.description.described() {
		operation, limited := strings.CutSuffix(what, " 429")
		if !limited {
			continue
		}
		method, path, _ := strings.Cut(operation, " ")
		redistest.Eventually(b.t, operation+" is limited", func(context.Context) bool {
			return slow.send(method, strings.ReplaceAll(path, "{user_id}", "ann"), nil).Code == http.StatusTooManyRequests
		})
	}
}

// bringAbout has an operation refuse in every way that needs nothing of Redis.
func (b *bench) bringAbout(method, target string, body object) {
	b.t.Helper()
	with := func(name, value string, send func()) {
		b.header[name] = []string{value}
		send()
		delete(b.header, name)
	}
	var sent any
	if body != nil {
		sent = body
	}
	plain := func() { b.send(method, target, sent) }
	with("Origin", "https://evil.example", plain)
	with("Host", "evil.example", plain)
	with("Authorization", "Bearer no", plain)
	for _, key := range []string{onlyAuth, onlyUsers} {
		with("Authorization", "Bearer "+key, plain)
	}
	if method != http.MethodPost {
		b.send(method, target+"?x=1", sent)
	} else {
		with("Content-Type", "text/plain", plain)
		b.send(method, target, "[]")
		b.send(method, target, `"`+strings.Repeat("a", 2000)+`"`)
	}
}

func TestTheDescriptionIsServed(t *testing.T) {
	b := newBench(t, redistest.Any(t).Client())
	b.key = ""
	served := b.send(http.MethodGet, "/openapi.json", nil).wants(http.StatusOK)
	if served.text("openapi") != "3.1.0" {
		t.Errorf("%.100s", served.Body)
	}
}
