package discordtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Request is a REST request that the bot made.
type Request struct {
	// Operation is the operation's name in Discord's OpenAPI description,
	// "create_message" for example; "" for a path that is not served.
	Operation string
	Method    string
	Path      string // below /api/v10
	Version   string // of the API: "v10"
	Query     url.Values
	Header    http.Header
	Body      []byte // as received; payload_json of a multipart one
	Files     []Attachment
	At        time.Time // by Discord's clock
	// Status is what it was answered with; 0 as long as it is under way or if
	// the connection was cut instead.
	Status int
	// Violations are the rules that the request breaks.
	Violations []Violation

	payload   any
	uploads   []upload
	broken    string      // why the body could not be read
	tolerated []tolerance // that excused something in it
}

// upload is a file of a multipart request, by the number in its field's name.
type upload struct {
	index string
	file  Attachment
}

// Requests answers the REST requests so far, oldest first.
func (d *Discord) Requests() []Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := make([]Request, 0, len(d.requests))
	for _, r := range d.requests {
		all = append(all, *r)
	}
	return all
}

// RequestsTo answers the requests of one operation, oldest first.
func (d *Discord) RequestsTo(operation string) []Request {
	return slices.DeleteFunc(d.Requests(), func(r Request) bool { return r.Operation != operation })
}

// AwaitRequests waits until the bot has made at least n requests of an
// operation, answered or not, and answers them.
func (d *Discord) AwaitRequests(operation string, n int) []Request {
	d.t.Helper()
	d.await(d.opts.patience, func() bool { return d.countRequests(operation) >= n })
	all := d.RequestsTo(operation)
	if len(all) < n {
		d.t.Fatalf("discordtest: %d requests of %s, not %d", len(all), operation, n)
	}
	return all
}

func (d *Discord) countRequests(operation string) int {
	n := 0
	for _, r := range d.requests {
		if r.Operation == operation {
			n++
		}
	}
	return n
}

func (r *Request) String() string {
	address := r.Path
	if len(r.Query) > 0 {
		address += "?" + r.Query.Encode()
	}
	s := fmt.Sprintf("%s %s %s", r.Method, address, bytes.TrimSpace(r.Body))
	for _, f := range r.Files {
		s += fmt.Sprintf(" [%s, %d bytes]", f.Name, len(f.Data))
	}
	return s
}

var versionedPath = regexp.MustCompile(`^/api/(v\d+)(/.*)$`)

// readRequest takes a request in, body and all. What cannot be read is kept as
// the reason.
func readRequest(r *http.Request) *Request {
	req := &Request{Method: r.Method, Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header.Clone()}
	if parts := versionedPath.FindStringSubmatch(r.URL.Path); parts != nil {
		req.Version, req.Path = parts[1], parts[2]
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		req.broken = err.Error()
		return req
	}
	kind, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "multipart/form-data" {
		req.readMultipart(multipart.NewReader(bytes.NewReader(raw), params["boundary"]))
	} else {
		req.Body = raw
	}
	req.decode()
	return req
}

func (r *Request) decode() {
	if len(r.Body) == 0 || r.broken != "" {
		return
	}
	decoder := json.NewDecoder(bytes.NewReader(r.Body))
	decoder.UseNumber()
	if err := decoder.Decode(&r.payload); err != nil {
		r.broken = "body is not JSON: " + err.Error()
	}
}

var fileField = regexp.MustCompile(`^files\[(\d+)\]$`)

func (r *Request) readMultipart(parts *multipart.Reader) {
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			return
		}
		if err != nil {
			r.broken = "multipart body: " + err.Error()
			return
		}
		data, err := io.ReadAll(part)
		if err != nil {
			r.broken = "multipart body: " + err.Error()
			return
		}
		r.addPart(part, data)
	}
}

func (r *Request) addPart(part *multipart.Part, data []byte) {
	if part.FormName() == "payload_json" {
		r.Body = data
		return
	}
	file := Attachment{Name: part.FileName(), ContentType: part.Header.Get("Content-Type"), Data: data}
	r.Files = append(r.Files, file)
	field := fileField.FindStringSubmatch(part.FormName())
	if field == nil {
		r.broken = fmt.Sprintf("multipart field %q is neither payload_json nor files[n]", part.FormName())
		return
	}
	r.uploads = append(r.uploads, upload{index: field[1], file: file})
}

func (r *Request) multipart() bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data")
}

// receive records a request, counts it against its limit and takes the fault
// that waits for it. limited is the 429 to answer, if any.
func (d *Discord) receive(req *Request, rt route, params map[string]string) (limited *answer, fault Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	req.At = d.now()
	d.requests = append(d.requests, req)
	d.touch()
	if limited = d.limits.take(rt.op, bucketKey(rt, params), d.now()); limited != nil {
		return limited, Fault{}
	}
	return nil, d.nextFault(rt.op)
}

// finish notes what a request was answered with.
func (d *Discord) finish(req *Request, status int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	req.Status = status
	d.touch()
}
