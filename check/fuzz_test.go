package check

import "testing"

// FuzzInfo holds that whatever a server says of itself comes out as findings.
func FuzzInfo(f *testing.F) {
	f.Add("redis_version:7.2.4\r\nrole:master\r\nused_memory:1\r\nmaxmemory:0\r\nrdb_last_save_time:1\r\n", "900 1", "noeviction")
	f.Add("redis_version:.\r\nvalkey_version:8\r\nrole:\r\nmaxmemory:-1\r\nused_memory:x\r\n", "", "allkeys-lru")
	f.Fuzz(func(t *testing.T, text, save, policy string) {
		info, config := parseFields(text), fields{"save": save, "appendonly": "no", "maxmemory": parseFields(text)["maxmemory"], "maxmemory-policy": policy}
		for _, finding := range []Finding{version(info, true), version(info, false), role(info, false), role(info, true), persistence(info, config), memory(info, config)} {
			if finding.Name == "" || finding.Detail == "" {
				t.Errorf("%q: %+v", text, finding)
			}
		}
	})
}
