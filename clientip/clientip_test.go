package clientip_test

import (
	"testing"

	"github.com/helix-collective/helix/clientip"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"203.0.113.7":              "203.0.113.7",
		"203.0.113.7:51234":        "203.0.113.7",
		"::ffff:203.0.113.7":       "203.0.113.7",
		"[::ffff:203.0.113.7]:443": "203.0.113.7",
		"2001:db8::1":              "2001:db8::1",
		"[2001:db8::1]":            "2001:db8::1",
		"[2001:db8::1]:443":        "2001:db8::1",
		"fe80::1%eth0":             "fe80::1",
		"[fe80::1%eth0]:443":       "fe80::1",
		"":                         "", "unknown": "", "_hidden": "", "203.0.113": "", "203.0.113.07": "",
		"[203.0.113.7]": "", "[2001:db8::1": "", "2001:db8::1]": "", "203.0.113.7, 10.0.0.1": "", "203.0.113.7\r\n": "",
	} {
		addr, ok := clientip.Parse(text)
		if ok != (want != "") || ok && addr.String() != want {
			t.Errorf("Parse(%q) = %v, %v; want %q", text, addr, ok, want)
		}
	}
}

func TestParseNetwork(t *testing.T) {
	for text, want := range map[string]string{
		"10.0.0.1": "10.0.0.1/32", "10.1.2.3/8": "10.0.0.0/8", "::1": "::1/128", "fd00::/8": "fd00::/8", "::ffff:10.0.0.1": "10.0.0.1/32",
		"0.0.0.0/0": "", "::/0": "", "proxy": "", "10.0.0.0/33": "", "": "", "fe80::1%eth0": "", "::ffff:10.0.0.0/104": "",
	} {
		network, err := clientip.ParseNetwork(text)
		if (err == nil) != (want != "") || err == nil && network.String() != want {
			t.Errorf("ParseNetwork(%q) = %v, %v; want %q", text, network, err, want)
		}
	}
	if _, err := clientip.NewProxies([]string{"10.0.0.1", "all"}); err == nil {
		t.Error("a proxy that is none is taken")
	}
}

func TestClient(t *testing.T) {
	proxies, err := clientip.NewProxies([]string{"127.0.0.1", "10.0.0.0/8", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, peer string
		forwarded  []string
		want       string
	}{
		{"nobody in between", "203.0.113.7:1", nil, "203.0.113.7"},
		{"a client's own header", "203.0.113.7:1", []string{"198.51.100.9"}, "203.0.113.7"},
		{"one proxy", "127.0.0.1:1", []string{"203.0.113.7"}, "203.0.113.7"},
		{"a proxy that appends to what the client sent", "127.0.0.1:1", []string{"198.51.100.9, 203.0.113.7"}, "203.0.113.7"},
		{"a client that names a trusted proxy", "127.0.0.1:1", []string{"198.51.100.9, 10.0.0.1, 203.0.113.7"}, "203.0.113.7"},
		{"two proxies", "127.0.0.1:1", []string{"198.51.100.9, 203.0.113.7, 10.1.1.1"}, "203.0.113.7"},
		{"two header lines", "127.0.0.1:1", []string{"198.51.100.9", "203.0.113.7"}, "203.0.113.7"},
		{"a mapped proxy and a mapped client", "[::ffff:127.0.0.1]:1", []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		{"IPv6 with a port", "[::1]:1", []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		{"a client in a trusted network", "127.0.0.1:1", []string{"10.2.2.2"}, "10.2.2.2"},
		{"a proxy that says nothing", "127.0.0.1:1", nil, "127.0.0.1"},
		{"empty elements", "127.0.0.1:1", []string{"203.0.113.7, ,", ""}, "203.0.113.7"},
		{"what is no address", "127.0.0.1:1", []string{"203.0.113.7, unknown"}, ""},
		{"what is no address behind a proxy", "127.0.0.1:1", []string{"unknown, 10.1.1.1"}, ""},
		{"what is no address left of the client", "127.0.0.1:1", []string{"<script>, 203.0.113.7"}, "203.0.113.7"},
		{"a peer without an address", "@", nil, ""},
	} {
		got, ok := proxies.Client(tt.peer, tt.forwarded)
		if ok != (tt.want != "") || ok && got.String() != tt.want {
			t.Errorf("%s: %v, %v; want %q", tt.name, got, ok, tt.want)
		}
	}
	if got, _ := (clientip.Proxies{}).Client("127.0.0.1:1", []string{"203.0.113.7"}); got.String() != "127.0.0.1" {
		t.Errorf("nobody is trusted, but the client is %v", got)
	}
}

func FuzzClient(f *testing.F) {
	f.Add("127.0.0.1:1", "198.51.100.9, 203.0.113.7")
	f.Add("[::1]:1", "unknown, ,[::ffff:10.0.0.1%x]:443")
	proxies, err := clientip.NewProxies([]string{"127.0.0.1", "10.0.0.0/8", "::1"})
	if err != nil {
		f.Fatal(err)
	}
	const real = "203.0.113.7"
	f.Fuzz(func(t *testing.T, peer, sent string) {
		// Whatever a client sends, a proxy that appends its address wins.
		if got, ok := proxies.Client("127.0.0.1:1", []string{sent, real}); !ok || got.String() != real {
			t.Errorf("behind %q: %v", sent, got)
		}
		if got, ok := proxies.Client(peer, []string{sent}); ok && (got.Zone() != "" || got.Is4In6()) {
			t.Errorf("%q, %q: %v", peer, sent, got)
		}
	})
}
