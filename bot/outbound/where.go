package outbound

import (
	"net/http"
	"strings"
)

// where is what a request belongs to, by its method and path.
type where struct {
	// route is what shares a bucket for sure: the method, and the path without
	// what differs between requests.
	route string
	// lane is the channel, guild, webhook or interaction that Discord counts
	// separately, and to which we are fair.
	lane string
	// order is what must not be overtaken: the changes of one thing, and the
	// messages of a channel that are equally urgent. Empty for what only reads.
	order string
	// exempt says that the global limit does not count it: answers to
	// interactions.
	exempt bool
}

func whereOf(r Request) where {
	path, _, _ := strings.Cut(r.Path, "?")
	segments := strings.Split(strings.Trim(path, "/"), "/")
	major := majorOf(segments)
	w := where{
		lane:   strings.Join(segments[:major], "/"),
		route:  r.Method + " " + template(segments, major),
		exempt: segments[0] == "interactions" || segments[0] == "webhooks",
	}
	switch r.Method {
	case http.MethodGet:
	case http.MethodPost:
		w.order = string(rune('0'+r.Rank)) + path
	default:
		w.order = path
	}
	return w
}

// majorOf is how many of a path's first segments name what Discord counts
// separately.
func majorOf(segments []string) int {
	n := 1
	switch segments[0] {
	case "channels", "guilds":
		n = 2
	case "webhooks", "interactions":
		n = 3 // the token counts, too
	}
	return min(n, len(segments))
}

// template is a path without ids, tokens and emoji.
func template(segments []string, major int) string {
	var b strings.Builder
	for i, s := range segments {
		b.WriteByte('/')
		varies := i > 0 && i < major || isNumber(s) || i > 0 && segments[i-1] == "reactions"
		if !varies {
			b.WriteString(s)
		}
	}
	return b.String()
}

func isNumber(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
