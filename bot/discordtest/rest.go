package discordtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// call is one REST request being answered. Handlers run with mu held.
type call struct {
	d      *Discord
	op     string
	params map[string]string // of the path
	query  url.Values
	body   object // the JSON body, or payload_json
	array  list   // the JSON body if it is an array
	files  []upload
	status int // of success, if not 200 or 204
}

// handler answers a call with what to send as JSON; nil is 204.
type handler func(*call) (any, *apiError)

// serve splits requests between the gateway, attachments and REST.
func (d *Discord) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == "/gateway" || r.URL.Path == "/gateway/":
		d.gateway.serve(w, r)
	case strings.HasPrefix(r.URL.Path, "/attachments/"):
		d.serveFile(w, r)
	default:
		d.serveREST(w, r)
	}
}

// serveREST records, checks, limits and answers a request, in that order. A
// fault put on the operation strikes before or after the answer is worked out.
func (d *Discord) serveREST(w http.ResponseWriter, r *http.Request) {
	req := readRequest(r)
	route, params := matchRoute(req.Method, req.Path)
	req.Operation = route.op
	d.inspect(req, route, params)
	limited, fault := d.receive(req, route, params)
	if !fault.applied {
		d.pauseOrAbort(fault.delay)
	}
	a := answer{status: fault.status, body: fault.body, drop: fault.drop, header: http.Header{}}
	switch {
	case limited != nil:
		a = *limited
	case fault.limit != nil:
		a = *fault.limit
	case !fault.strikes() || fault.applied:
		done := d.carryOut(req, route, params)
		if !fault.strikes() {
			a = done
		}
	}
	if fault.applied {
		d.pauseOrAbort(fault.delay)
	}
	d.finish(req, a.status)
	w.Header().Set("Date", d.date())
	a.write(w)
}

// answer is a response ready to be written.
type answer struct {
	status int
	header http.Header
	body   []byte
	html   bool
	drop   bool
}

func (a answer) write(w http.ResponseWriter) {
	if a.drop {
		panic(http.ErrAbortHandler) // the server cuts the connection without an answer
	}
	for key, values := range a.header {
		w.Header()[key] = values
	}
	if a.status != http.StatusNoContent {
		kind := "application/json"
		if a.html {
			kind = "text/html; charset=UTF-8"
		}
		w.Header().Set("Content-Type", kind)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // a client that is gone learns nothing more
}

// jsonAnswer answers with a value as JSON.
func jsonAnswer(status int, value any) answer {
	raw, err := json.Marshal(value)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte(fmt.Sprintf("%q", err))
	}
	return answer{status: status, body: raw, header: http.Header{}}
}

// carryOut carries a request out.
func (d *Discord) carryOut(req *Request, rt route, params map[string]string) answer {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := &call{d: d, op: rt.op, params: params, query: req.Query, files: req.uploads, status: http.StatusOK}
	c.body, c.array = fields(req.payload), items(req.payload)
	result, refused := d.permit(req, rt)
	if refused == nil {
		result, refused = rt.handle(c)
	}
	var a answer
	switch {
	case refused != nil:
		a = jsonAnswer(refused.status, refused.body())
	case result == nil:
		a = answer{status: http.StatusNoContent, header: http.Header{}}
	default:
		a = jsonAnswer(c.status, result)
	}
	d.limits.stamp(a.header, bucketKey(rt, params), d.now())
	return a
}

// permit refuses what Discord refuses before looking at the operation: an
// unknown route, a wrong token, a malformed body.
func (d *Discord) permit(req *Request, rt route) (any, *apiError) {
	switch {
	case rt.handle == nil:
		return nil, notFound()
	case !rt.open && req.Header.Get("Authorization") != "Bot "+d.opts.token:
		return nil, unauthorized()
	}
	return nil, req.refused()
}

// serveFile answers an attachment's bytes.
func (d *Discord) serveFile(w http.ResponseWriter, r *http.Request) {
	d.mu.Lock()
	file, ok := d.files[strings.TrimPrefix(r.URL.Path, "/attachments/")]
	d.mu.Unlock()
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", file.ContentType)
	_, _ = w.Write(file.Data) // a client that is gone learns nothing more
}
