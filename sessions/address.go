package sessions

import (
	"net/netip"
	"strings"
)

// v6Network is how many bits of an IPv6 address name a network: what one
// subscriber gets, who may use any address within.
const v6Network = 64

// parseAddress reads an address with or without port, zone and brackets. An IPv4
// address within IPv6 is that IPv4 address.
func parseAddress(text string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		addr = withPort.Addr()
	}
	return addr.WithZone("").Unmap(), true
}

// network answers what limits and binding count as one address.
func network(addr netip.Addr) string {
	if addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, v6Network).Masked().String()
}

// networkOf answers the network of an address in text, or the text itself where
// it is none.
func networkOf(text string) string {
	if addr, ok := parseAddress(text); ok {
		return network(addr)
	}
	return text
}

// sameNetwork reports whether two texts are addresses of one network.
func sameNetwork(a, b string) bool {
	one, ok := parseAddress(a)
	other, also := parseAddress(b)
	return ok && also && network(one) == network(other)
}
