package sessions

import (
	"net/netip"

	"github.com/helix-collective/helix/clientip"
)

// v6Network is how many bits of an IPv6 address name a network: what one
// subscriber gets, who may use any address within.
const v6Network = 64

// network answers what limits and binding count as one address.
func network(addr netip.Addr) string {
	if addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, v6Network).Masked().String()
}

// Network answers what limits and binding count as the address in a text; empty
// where it is none.
func Network(text string) string {
	addr, ok := clientip.Parse(text)
	if !ok {
		return ""
	}
	return network(addr)
}

// networkOf answers the network of an address in text, or the text itself where
// it is none.
func networkOf(text string) string {
	if addr, ok := clientip.Parse(text); ok {
		return network(addr)
	}
	return text
}

// sameNetwork reports whether two texts are addresses of one network.
func sameNetwork(a, b string) bool {
	one, ok := clientip.Parse(a)
	other, also := clientip.Parse(b)
	return ok && also && network(one) == network(other)
}
