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
)

const (
	apiVersion = "10"
	defaultAPI = "https://discord.com/api/v" + apiVersion
	userAgent  = "DiscordBot (https://github.com/helix-collective/helix, 1)"
)

// transport sends every request to the configured API address, in the version
// that we speak, and refuses every other host.
type transport struct {
	base    *url.URL
	gateway string // answered to GET /gateway without asking Discord; may be empty
	next    http.RoundTripper
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

var apiPath = regexp.MustCompile(`^/api/v[0-9]+`)

// RoundTrip serves discordgo as well, which builds addresses of its own.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	path := req.URL.Path
	switch {
	case req.URL.Scheme == t.base.Scheme && req.URL.Host == t.base.Host && strings.HasPrefix(path, t.base.Path):
	case req.URL.Host == "discord.com" && apiPath.MatchString(path):
		req = req.Clone(req.Context())
		req.URL.Scheme, req.URL.Host, req.Host = t.base.Scheme, t.base.Host, t.base.Host
		req.URL.Path = t.base.Path + apiPath.ReplaceAllString(path, "")
	default:
		return nil, fmt.Errorf("%s is not Discord's API, so nothing is sent there", req.URL.Host)
	}
	req.Header.Set("User-Agent", userAgent)
	if t.gateway != "" && req.URL.Path == t.base.Path+"/gateway" {
		return t.answerGateway(req), nil
	}
	return t.next.RoundTrip(req)
}

func (t *transport) answerGateway(req *http.Request) *http.Response {
	body, _ := json.Marshal(map[string]string{"url": t.gateway}) // a map of strings always encodes
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  http.Header{"Content-Type": {"application/json"}},
		Body:    io.NopCloser(bytes.NewReader(body)),
		Request: req, ContentLength: int64(len(body)),
	}
}

// close lets idle connections go.
func (t *transport) close() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
