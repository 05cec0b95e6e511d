package bot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/helix-collective/helix/bot/outbound"
)

const (
	apiVersion = "10"
	defaultAPI = "https://discord.com/api/v" + apiVersion
	userAgent  = "DiscordBot (https://github.com/helix-collective/helix, 1)"
)

// transport sends requests to the configured API address, and refuses every
// other one.
type transport struct {
	base    *url.URL
	gateway string // answered to GET /gateway without asking Discord; may be empty
	next    http.RoundTripper
	time    discordTime
}

func newTransport(api, gateway string) (*transport, error) {
	if api == "" {
		api = defaultAPI
	}
	base, err := url.Parse(strings.TrimSuffix(api, "/"))
	if err != nil || base.Host == "" {
		return nil, fmt.Errorf("the setting discord.api_url is not an address like %s", defaultAPI)
	}
	next := http.DefaultTransport.(*http.Transport).Clone()
	next.MaxIdleConnsPerHost = 16
	next.ResponseHeaderTimeout = 20 * time.Second
	return &transport{base: base, gateway: gateway, next: next}, nil
}

// RoundTrip implements http.RoundTripper.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	u := req.URL
	if u.Scheme != t.base.Scheme || u.Host != t.base.Host || !strings.HasPrefix(u.Path, t.base.Path) {
		return nil, refusedHost(u)
	}
	req.Header.Set("User-Agent", userAgent)
	if t.gateway != "" && req.URL.Path == t.base.Path+"/gateway" {
		return t.answerGateway(req), nil
	}
	resp, err := t.next.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	t.time.hear(resp.Header, time.Now())
	return resp, nil
}

func refusedHost(u *url.URL) error {
	return fmt.Errorf("%s is not Discord's API, so nothing is sent there", u.Host)
}

func (t *transport) answerGateway(req *http.Request) *http.Response {
	body, _ := json.Marshal(map[string]string{"url": t.gateway}) // a map of strings always encodes
	return answerTo(req, http.StatusOK, http.Header{"Content-Type": {"application/json"}}, body)
}

func answerTo(req *http.Request, status int, header http.Header, body []byte) *http.Response {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(body)),
		Request: req, ContentLength: int64(len(body)),
	}
}

// CloseIdleConnections lets idle connections go; http.Client passes it on.
func (t *transport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

var apiPath = regexp.MustCompile(`^/api/v[0-9]+`)

// owned has the requests that discordgo makes by itself go through our queue, to
// the address and in the version that we speak.
type owned struct{ rest *rest }

// RoundTrip implements http.RoundTripper.
func (o owned) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != "discord.com" || !apiPath.MatchString(req.URL.Path) {
		return nil, refusedHost(req.URL)
	}
	q := outbound.Request{
		Method: req.Method, Path: apiPath.ReplaceAllString(req.URL.Path, "") + "?" + req.URL.RawQuery,
		Header: req.Header, Attempts: attemptsOf(req), Within: requestTimeout, Whole: true,
	}
	if req.Body != nil {
		defer req.Body.Close()
		var err error
		if q.Body, err = io.ReadAll(req.Body); err != nil {
			return nil, fmt.Errorf("read a request's body: %w", err)
		}
	}
	resp, err := o.rest.queue.Do(req.Context(), q)
	if err != nil {
		return nil, err
	}
	return answerTo(req, resp.Status, resp.Header, resp.Body), nil
}

// attemptsOf is how often a request of discordgo's is tried: what only reads does
// no harm when it is repeated.
func attemptsOf(req *http.Request) int {
	if req.Method == http.MethodGet {
		return 3
	}
	return 1
}

// perSecond is how many requests may go in a second: what Discord allows, or
// whatever another address that is configured allows.
func (t *transport) perSecond() int {
	if t.base.String() == defaultAPI {
		return outbound.GlobalLimit
	}
	return 0
}
