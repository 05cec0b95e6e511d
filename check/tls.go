package check

import (
	"crypto/tls"
	"fmt"
	"time"
)

// soon is how long before its end a certificate is warned of.
const soon = 14 * 24 * time.Hour

// TLS judges the connection to a server that was reached over TLS, and the
// certificate that Helix shows; the zero time means that it shows none.
func TLS(state tls.ConnectionState, ours, now time.Time) Finding {
	f := Finding{Name: "Redis TLS", Level: OK, Detail: tls.VersionName(state.Version) + "."}
	if len(state.PeerCertificates) > 0 {
		f = ending(f, "The server's certificate", "renew it on the server", state.PeerCertificates[0].NotAfter, now)
	}
	if !ours.IsZero() {
		f = ending(f, "Helix's certificate", "replace the files of redis.tls_cert_file and redis.tls_key_file; no restart is needed", ours, now)
	}
	return f
}

// ending adds when a certificate ends.
func ending(f Finding, what, mend string, ends, now time.Time) Finding {
	left := ends.Sub(now)
	f.Detail += fmt.Sprintf(" %s ends on %s", what, ends.UTC().Format(time.DateOnly))
	switch {
	case left < 0:
		f.Level = Warning
		f.Detail += ", which is past."
	case left < soon:
		f.Level = Warning
		f.Detail += fmt.Sprintf(", in %d days; then Redis is out of reach.", int(left.Hours()/24))
	default:
		f.Detail += "."
		return f
	}
	if f.Mend != "" {
		f.Mend += " "
	}
	f.Mend += "Before that, " + mend + "."
	return f
}
