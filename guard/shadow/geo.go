package shadow

import "strings"

// checkGeoAdd is for GEOADD key [NX | XX] [CH] longitude latitude member …
func checkGeoAdd(c *call) string {
	words := c.argv[2:]
	for len(words) > 0 && (strings.EqualFold(words[0], "nx") || strings.EqualFold(words[0], "xx") || strings.EqualFold(words[0], "ch")) {
		words = words[1:]
	}
	if len(words)%3 != 0 {
		return whyForm
	}
	for i, word := range words {
		if i%3 < 2 && !plainFloat(word) {
			return whyFloat
		}
	}
	return ""
}

// checkGeoDist is for GEODIST key member member [unit].
func checkGeoDist(c *call) string {
	if len(c.argv) == 4 {
		return ""
	}
	switch strings.ToLower(c.argv[4]) {
	case "m", "km", "ft", "mi":
		if len(c.argv) == 5 {
			return ""
		}
	}
	return whyForm
}
