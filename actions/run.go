package actions

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
)

// maxAnswer bounds how much of an answer is read, its head apart.
const maxAnswer = 64 << 10

// Result is what was answered.
type Result struct {
	Status int // of HTTP
	OK     bool

	// Complaint says why the call has not succeeded, as a clause; it may quote
	// the other side. It is empty where the status alone tells.
	Complaint string
}

// Words answers the status and the complaint as people read them.
func (r Result) Words() string {
	words := fmt.Sprintf("%d %s", r.Status, http.StatusText(r.Status))
	if r.Complaint != "" {
		words += ": " + r.Complaint
	}
	return words
}

// Unanswered is a call whose outcome is not known, or which was never made.
type Unanswered struct {
	Reason string
	Sent   bool // something may have reached the other side

	err error
}

func (e *Unanswered) Error() string {
	if e.Sent {
		return e.Reason + "; whether it took effect is not known"
	}
	return e.Reason + "; nothing was sent"
}

// Unwrap answers what happened, for errors.Is and errors.As. Its own text may
// hold what the other side said.
func (e *Unanswered) Unwrap() error { return e.err }

// errSlow ends a call at its own timeout.
var errSlow = errors.New("too slow")

// newClient makes each call on a connection of its own, over HTTP/1.1: on a
// reused one, and over HTTP/2, Go repeats requests in some cases.
func newClient(roots *x509.CertPool) *http.Client {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	return &http.Client{
		Transport: &http.Transport{
			Proxy:                  http.ProxyFromEnvironment,
			TLSClientConfig:        &tls.Config{RootCAs: roots},
			Protocols:              &protocols,
			DisableKeepAlives:      true,
			MaxResponseHeaderBytes: maxAnswer,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

func (c *call) run(ctx context.Context) (Result, error) {
	var sent atomic.Bool
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, errSlow)
	defer cancel()
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }})
	result, err := c.do(traced)
	if err != nil {
		return Result{}, &Unanswered{Reason: c.reason(ctx, err), Sent: sent.Load(), err: err}
	}
	return result, nil
}

func (c *call) do(ctx context.Context) (Result, error) {
	request, err := http.NewRequestWithContext(ctx, c.method, c.url, bytes.NewReader(c.body))
	if err != nil {
		return Result{}, err
	}
	request.Header = c.header.Clone()
	request.Header.Set("User-Agent", "helix")
	if c.body != nil && request.Header.Get("Content-Type") == "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.client.Do(request)
	if err != nil {
		return Result{}, err
	}
	defer response.Body.Close() // nothing is left to be lost
	return c.judge(response)
}

// judge decides whether an answer means success.
func (c *call) judge(response *http.Response) (Result, error) {
	r := Result{Status: response.StatusCode, OK: response.StatusCode == c.expect}
	if c.expect == 0 {
		r.OK = response.StatusCode >= 200 && response.StatusCode <= 299
	}
	if !r.OK && response.StatusCode >= 300 && response.StatusCode <= 399 {
		r.Complaint = "redirects are not followed"
	}
	if !c.graphQL {
		return r, nil
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return Result{}, err
	}
	if complaint := c.complaint(data, r.OK); complaint != "" {
		r.OK, r.Complaint = false, complaint
	}
	return r, nil
}

// complaint answers the first error of an answer in GraphQL. What is none says
// nothing of success.
func (c *call) complaint(data []byte, expected bool) string {
	var answer struct {
		Data   json.RawMessage
		Errors []struct{ Message string }
	}
	err := json.Unmarshal(data, &answer)
	switch {
	case (err != nil || answer.Data == nil && len(answer.Errors) == 0) && expected:
		return "the answer is not GraphQL's, so whether it took effect is not known"
	case len(answer.Errors) == 0:
		return ""
	}
	return "it says: " + clip(oneLine(c.masked(answer.Errors[0].Message)))
}

// maxMessage bounds the characters that are shown of another's words.
const maxMessage = 300

func clip(text string) string {
	if runes := []rune(text); len(runes) > maxMessage {
		return string(runes[:maxMessage]) + "…"
	}
	return text
}

// reason words why there is no answer. What the other side sent is not quoted.
func (c *call) reason(ctx context.Context, err error) string {
	var untrusted *tls.CertificateVerificationError
	var broken *net.OpError
	switch {
	case context.Cause(ctx) == errSlow:
		return fmt.Sprintf("no answer within %s", c.timeout)
	case ctx.Err() != nil:
		return "stopped before the answer came"
	case errors.As(err, &untrusted):
		return "its certificate is not trusted here: " + c.masked(untrusted.Err.Error())
	case errors.As(err, &broken):
		return c.masked(broken.Error())
	}
	return "the connection broke, or what was answered is not HTTP"
}
