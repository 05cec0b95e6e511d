// Package clientip says which address a request comes from when proxies stand
// before the server. It never believes what a client says of itself: only what
// a proxy that is trusted by its address has written counts.
package clientip

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Parse reads an IPv4 or IPv6 address with or without a port, a zone or
// brackets, and answers it without them. An IPv4 address within IPv6 is that
// IPv4 address.
func Parse(text string) (netip.Addr, bool) {
	bare, bracketed := text, strings.HasPrefix(text, "[") && strings.HasSuffix(text, "]")
	if bracketed {
		bare = text[1 : len(text)-1]
	}
	addr, err := netip.ParseAddr(bare)
	if err != nil || bracketed && addr.Is4() {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.WithZone("").Unmap(), true
}

// ParseNetwork reads a network as in 10.0.0.0/8, or a single address. One that
// holds every address is refused: with it anybody could name any address.
func ParseNetwork(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	switch {
	case err != nil || network.Addr().Is4In6():
		return netip.Prefix{}, errors.New("expected an address or a network, as in 10.0.0.1 or 10.0.0.0/8")
	case network.Bits() == 0:
		return netip.Prefix{}, errors.New("expected a network that does not hold every address")
	}
	return network.Masked(), nil
}

// Proxies are the networks whose word on a client's address is believed. The
// zero value believes nobody.
type Proxies struct{ networks []netip.Prefix }

// NewProxies reads networks, each as ParseNetwork does.
func NewProxies(texts []string) (Proxies, error) {
	var p Proxies
	for _, text := range texts {
		network, err := ParseNetwork(text)
		if err != nil {
			return Proxies{}, fmt.Errorf("trusted proxy %q: %w", text, err)
		}
		p.networks = append(p.networks, network)
	}
	return p, nil
}

// Trusts reports whether an address is one of the proxies.
func (p Proxies) Trusts(addr netip.Addr) bool {
	return slices.ContainsFunc(p.networks, func(n netip.Prefix) bool { return n.Contains(addr) })
}

// Client answers the address of the client behind a connection from peer, given
// the values of the header X-Forwarded-For in their order. That is peer itself
// unless peer is trusted; then it is the rightmost hop that is not, or the
// leftmost where all are. Each proxy adds at the right whom it speaks to, so
// what a client wrote stands to the left of that and is not looked at.
//
// ok is false where a hop that counts is no address: who it was is not known.
func (p Proxies) Client(peer string, forwarded []string) (client netip.Addr, ok bool) {
	client, ok = Parse(peer)
	rest := strings.Join(forwarded, ",")
	for ok && rest != "" && p.Trusts(client) {
		var hop string
		rest, hop = cutLast(rest)
		if hop = strings.Trim(hop, " \t"); hop != "" {
			client, ok = Parse(hop)
		}
	}
	return client, ok
}

// cutLast parts a list at its last comma.
func cutLast(list string) (before, last string) {
	at := strings.LastIndexByte(list, ',')
	if at < 0 {
		return "", list
	}
	return list[:at], list[at+1:]
}
