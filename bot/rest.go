package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// rest is Discord's REST interface with waits that a context can end. A route
// that is out of requests waits for its bucket; a 429 is waited for and tried
// again; so are faults of Discord and lost responses, if repeating is harmless.
type rest struct {
	client *http.Client
	base   *url.URL
	token  string

	mu      sync.Mutex
	holds   map[string]time.Time // by route: not before
	global  time.Time
	sent    time.Time
	closing func()

	sanitize func(call) (call, error) // takes secrets out of what is sent
}

func newREST(client *http.Client, base *url.URL, token string) *rest {
	r := &rest{client: client, base: base, token: token, holds: make(map[string]time.Time)}
	r.closing = func() {
		if t, ok := client.Transport.(*transport); ok {
			t.close()
		}
	}
	return r
}

func (r *rest) close() { r.closing() }

func (r *rest) lastSent() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.sent
}

// call is one request.
type call struct {
	method, path string // path below the API's address, as in "/channels/1/messages"
	body         any
	files        []file
	once         bool // not to be repeated once Discord may have done it
	anonymous    bool // without the token, as for interactions
	patient      bool // tried for about a minute: somebody waits for what it says
}

// attempts bounds how often a call is tried against Discord's faults.
func (c call) attempts() int {
	switch {
	case c.once:
		return 1
	case c.patient:
		return 15
	}
	return 5
}

// route is what shares a bucket, as far as that is known beforehand.
func (c call) route() string {
	path, _, _ := strings.Cut(c.path, "?")
	return c.method + " " + path
}

// file is an attachment.
type file struct {
	name string
	data []byte
}

// apiError is Discord's refusal.
type apiError struct {
	Status  int
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *apiError) Error() string {
	return fmt.Sprintf("Discord answers %d: %s (code %d)", e.Status, e.Message, e.Code)
}

// Codes of Discord's refusals.
const (
	codeUnknownMessage  = 10008
	codeUnknownInteract = 10062
	codeTooLarge        = 40005
	codeAlreadyAnswered = 40060
	codeMissingAccess   = 50001
	codeMissingRights   = 50013
	codeInvalidForm     = 50035
	codeThreadArchived  = 50083
	codeNoHistory       = 160002 // a reply needs the right to read what it replies to
	codeThreadLocked    = 160005
)

func hasStatus(err error, statuses ...int) bool {
	var api *apiError
	return errors.As(err, &api) && slices.Contains(statuses, api.Status)
}

func hasCode(err error, codes ...int) bool {
	var api *apiError
	return errors.As(err, &api) && slices.Contains(codes, api.Code)
}

// do carries out a call and decodes the answer into out, unless that is nil.
func (r *rest) do(ctx context.Context, c call, out any) error {
	c, err := r.sanitize(c)
	if err != nil {
		return err
	}
	route := c.route()
	for attempt := 1; ; {
		if err := r.await(ctx, route); err != nil {
			return err
		}
		resp, err := r.send(ctx, c)
		switch {
		case err != nil:
			err = fmt.Errorf("%s: %w", c.method, withoutURL(err))
			if ctx.Err() != nil || attempt >= c.attempts() {
				return err
			}
		case resp.StatusCode == http.StatusTooManyRequests:
			r.hold(route, resp)
			continue // waiting is no failure
		case resp.StatusCode >= 500:
			err = drain(resp)
			if attempt >= c.attempts() {
				return err
			}
		default:
			return r.finish(c, resp, out)
		}
		if err := pause(ctx, pauseAfter(attempt)); err != nil {
			return err
		}
		attempt++
	}
}

// pauseAfter is the wait after an attempt that failed, counted from 1.
func pauseAfter(attempt int) time.Duration {
	return min(time.Duration(attempt*attempt)*200*time.Millisecond, 5*time.Second)
}

func (r *rest) finish(c call, resp *http.Response, out any) error {
	r.note(c, resp)
	if resp.StatusCode >= 400 {
		return drain(resp)
	}
	defer resp.Body.Close()
	if out == nil {
		// Discord has done it, even if the rest of the answer is lost.
		_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, maxAnswer))
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(out); err != nil {
		return fmt.Errorf("decode Discord's answer: %w", err)
	}
	return nil
}

// maxAnswer bounds what is read of an answer.
const maxAnswer = 16 << 20

// drain reads a refusal.
func drain(resp *http.Response) error {
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	e := &apiError{Status: resp.StatusCode, Message: http.StatusText(resp.StatusCode)}
	_ = json.Unmarshal(body, e) // an HTML body leaves the status's own text
	e.Status = resp.StatusCode
	return e
}

// withoutURL drops the address from an error: webhook and interaction
// addresses hold tokens.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func (r *rest) send(ctx context.Context, c call) (*http.Response, error) {
	body, contentType, err := c.encode()
	if err != nil {
		return nil, err
	}
	path, query, _ := strings.Cut(c.path, "?")
	target := *r.base
	target.Path += path
	target.RawQuery = query
	req, err := http.NewRequestWithContext(ctx, c.method, target.String(), body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	if !c.anonymous {
		req.Header.Set("Authorization", "Bot "+r.token)
	}
	return r.client.Do(req)
}

// encode writes the body: JSON, or with files a multipart form.
func (c call) encode() (io.Reader, string, error) {
	if c.body == nil {
		return nil, "", nil
	}
	data, err := json.Marshal(c.body)
	if err != nil {
		return nil, "", fmt.Errorf("encode the request: %w", err)
	}
	if len(c.files) == 0 {
		return bytes.NewReader(data), "application/json", nil
	}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	if err := part(form, `form-data; name="payload_json"`, "application/json", data); err != nil {
		return nil, "", err
	}
	for i, f := range c.files {
		disposition := fmt.Sprintf(`form-data; name="files[%d]"; filename=%q`, i, f.name)
		if err := part(form, disposition, "application/octet-stream", f.data); err != nil {
			return nil, "", err
		}
	}
	return &b, form.FormDataContentType(), form.Close()
}

func part(form *multipart.Writer, disposition, contentType string, data []byte) error {
	w, err := form.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {disposition}, "Content-Type": {contentType},
	})
	if err != nil {
		return err
	}
	_, err = w.Write(data)
	return err
}

// await waits until the route may be used.
func (r *rest) await(ctx context.Context, route string) error {
	for {
		r.mu.Lock()
		until := r.holds[route]
		if r.global.After(until) {
			until = r.global
		}
		r.mu.Unlock()
		wait := time.Until(until)
		if wait <= 0 {
			return nil
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// hold notes a 429: how long the route, or everything, has to wait.
func (r *rest) hold(route string, resp *http.Response) {
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	resp.Body.Close()
	var limit struct {
		RetryAfter float64 `json:"retry_after"`
		Global     bool    `json:"global"`
	}
	if json.Unmarshal(body, &limit) != nil || limit.RetryAfter <= 0 {
		limit.RetryAfter = seconds(resp.Header.Get("Retry-After"))
	}
	until := time.Now().Add(holdFor(limit.RetryAfter))
	r.mu.Lock()
	defer r.mu.Unlock()
	if limit.Global || resp.Header.Get("X-RateLimit-Global") == "true" {
		r.global = until
		return
	}
	r.holds[route] = until
}

// note keeps a route waiting whose bucket is empty, and forgets old waits.
func (r *rest) note(c call, resp *http.Response) {
	route, h := c.route(), resp.Header
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if c.method != http.MethodGet && resp.StatusCode < 400 {
		r.sent = now
	}
	for other, until := range r.holds {
		if until.Before(now) {
			delete(r.holds, other)
		}
	}
	if h.Get("X-RateLimit-Remaining") == "0" {
		wait := min(seconds(h.Get("X-RateLimit-Reset-After")), longestHold.Seconds())
		r.holds[route] = now.Add(time.Duration(wait * float64(time.Second)))
	}
}

// Bounds of a wait that a 429 asks for: a server that names none, or no time
// at all, is not asked again at once, and one that names an age is asked
// whether it still means that.
const (
	shortestHold = 100 * time.Millisecond
	unnamedHold  = time.Second
	longestHold  = time.Hour
)

// holdFor is the wait after a 429 that asks for so many seconds, 0 if it does
// not say.
func holdFor(wanted float64) time.Duration {
	if wanted <= 0 {
		return unnamedHold
	}
	wait := time.Duration(min(wanted, longestHold.Seconds()) * float64(time.Second))
	return max(wait, shortestHold)
}

// seconds reads a header; 0 is what is missing or no sensible number.
func seconds(text string) float64 {
	if s, err := strconv.ParseFloat(text, 64); err == nil && s > 0 {
		return s
	}
	return 0
}

// pause waits, or answers why the wait ended early.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
