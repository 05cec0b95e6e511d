package dial

import (
	"slices"
	"strings"
	"testing"
)

// FuzzParse holds that no address makes Parse fail otherwise than in words, that
// neither those nor a target show the password, and that what a target prints is
// an address of the same servers.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"redis://localhost", "rediss://h:6380/2", "redis://ops:hunter2@[::1]:7000", "redis+sentinel://a,b:2/mymaster/3",
		"rediss+cluster://a:1,b:2", "redis://:hunter2@h?db=2", "redis://a:1:2", "redis://[::1", "://", "redis://", "redis+sentinel://h",
		"redis://hunter2%zz@h", "redis://@h", "redis://a?b/c@h/2", "redis://[fe80::1%25eth0]:1", "redis://h:00001",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		const secret = "hunter2-7d1f"
		target, err := Parse(address)
		if scheme, rest, ok := strings.Cut(address, "://"); ok && !strings.Contains(rest, "@") {
			with, withErr := Parse(scheme + "://:" + secret + "@" + rest)
			if (err == nil) != (withErr == nil) {
				t.Errorf("with a password: %v, without: %v", withErr, err)
			}
			if withErr != nil && strings.Contains(withErr.Error(), secret) || strings.Contains(with.String(), secret) {
				t.Errorf("the password is shown: %v, %v", withErr, with)
			}
		}
		if err != nil {
			return
		}
		again, err := Parse(target.String())
		if err != nil || !slices.Equal(again.Hosts, target.Hosts) || again.DB != target.DB || again.Cluster != target.Cluster || again.TLS != target.TLS || again.Master != target.Master {
			t.Errorf("%q is %v, which is %v, %v", address, target, again, err)
		}
	})
}
