package bot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"net/url"
	"strings"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/bot/outbound"
)

// rest is Discord's REST interface: every request to it waits in one queue,
// which keeps to Discord's limits and repeats what failed where that does no
// harm. A context ends each wait.
type rest struct {
	client *http.Client
	base   *url.URL
	token  string
	queue  *outbound.Queue

	sanitize func(call) (call, error)    // takes secrets out of what is sent
	await    func(context.Context) error // waits until anything may be sent
}

// newREST speaks to Discord through a transport. repeat is about the wait before a
// request is repeated.
func newREST(t *transport, token string, repeat time.Duration, log *zap.Logger) *rest {
	r := &rest{client: &http.Client{Transport: t, Timeout: requestTimeout}, base: t.base, token: token}
	r.queue = outbound.New(outbound.Options{Send: r.send, PerSecond: t.perSecond(), Pause: repeat, Log: log})
	return r
}

// close lets idle connections go.
func (r *rest) close() { r.client.CloseIdleConnections() }

// call is one request.
type call struct {
	method, path string // path below the API's address, as in "/channels/1/messages"
	body         any
	files        []file
	once         bool // not to be repeated once Discord may have done it
	anonymous    bool // without the token, as for interactions
	patient      bool // tried for about a minute: somebody waits for what it says
	urgent       bool // before all others: an alert, or what Discord waits for
	background   bool // after all others: nobody misses it
	supersedes   bool // says all there is to say to its path: older ones that still wait are not sent
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

// Bounds of how long a call may take in all, 429s included: what is said later
// still is of no use.
const (
	callWithin    = time.Minute
	patientWithin = 10 * time.Minute
)

// request is a call as the queue takes it.
func (r *rest) request(c call, answered bool) (outbound.Request, error) {
	body, contentType, err := c.encode()
	if err != nil {
		return outbound.Request{}, err
	}
	q := outbound.Request{
		Method: c.method, Path: c.path, Header: http.Header{}, Body: body,
		Attempts: c.attempts(), Within: callWithin, Supersedes: c.supersedes, Whole: answered,
	}
	switch {
	case c.urgent:
		q.Rank = outbound.Urgent
	case c.background:
		q.Rank = outbound.Background
	}
	if c.patient {
		q.Within = patientWithin
	}
	if contentType != "" {
		q.Header.Set("Content-Type", contentType)
	}
	if !c.anonymous {
		q.Header.Set("Authorization", "Bot "+r.token)
	}
	return q, nil
}

// file is an attachment.
type file struct {
	name    string
	data    []byte
	picture bool // drawn by us: it holds no text in which anything could be masked
}

// do carries out a call and decodes the answer into out, unless that is nil. A
// call that a later one superseded counts as carried out; it leaves out alone.
func (r *rest) do(ctx context.Context, c call, out any) error {
	c, err := r.sanitize(c)
	if err != nil {
		return err
	}
	request, err := r.request(c, out != nil)
	if err != nil {
		return err
	}
	resp, err := r.queue.Do(ctx, request)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", c.method, err)
	case resp.Superseded:
		return nil
	case resp.Status >= 400:
		return c.refusal(resp)
	case out == nil:
		return nil
	case resp.Broken != nil:
		return fmt.Errorf("read Discord's answer: %w", resp.Broken)
	}
	if err := json.Unmarshal(resp.Body, out); err != nil {
		return fmt.Errorf("decode Discord's answer: %w", err)
	}
	return nil
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

// send carries a request out once.
func (r *rest) send(ctx context.Context, q outbound.Request) (*http.Response, error) {
	path, query, _ := strings.Cut(q.Path, "?")
	target := *r.base
	target.Path += path
	target.RawQuery = query
	req, err := http.NewRequestWithContext(ctx, q.Method, target.String(), bytes.NewReader(q.Body))
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Header = q.Header.Clone()
	if err := r.await(ctx); err != nil {
		return nil, err
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	return resp, nil
}

// encode writes the body: JSON, or with files a multipart form.
func (c call) encode() (body []byte, contentType string, err error) {
	if c.body == nil {
		return nil, "", nil
	}
	data, err := json.Marshal(c.body)
	if err != nil {
		return nil, "", fmt.Errorf("encode the request: %w", err)
	}
	if len(c.files) == 0 {
		return data, "application/json", nil
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
	if err := form.Close(); err != nil {
		return nil, "", err
	}
	return b.Bytes(), form.FormDataContentType(), nil
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
