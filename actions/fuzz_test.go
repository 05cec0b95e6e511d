package actions_test

import (
	"strings"
	"testing"

	"github.com/helix-collective/helix/actions"
)

// FuzzSpec holds that any action is read or refused, that no refusal shows what a
// variable holds, and that none calls in the clear beyond this machine.
func FuzzSpec(f *testing.F) {
	f.Add("restart", "railway service restart redis", "POST", "https://x.example/graphql", "Bearer ${TOKEN}", "30s")
	f.Add("a", "", "TRACE", "http://example.com", "a\r\nb: c", "-1s")
	f.Add("A b", "x  y", "", "http://127.0.0.1:1/${TOKEN}", "${NONE}", "")
	f.Add("a", "x", "GET", "https://${TOKEN}@h/", "${", "9999h")
	const token = "hunter2-of-an-action"
	variable := func(name string) (string, bool, error) { return token, name == "TOKEN", nil }
	f.Fuzz(func(t *testing.T, name, line, method, url, header, timeout string) {
		spec := actions.Spec{Line: line, Method: method, URL: url, Headers: map[string]string{"Authorization": header}, Body: map[string]any{"q": header}, Timeout: timeout}
		_, err := actions.New(map[string]actions.Spec{name: spec}, actions.Options{Variable: variable})
		if err != nil && strings.Contains(err.Error(), token) {
			t.Errorf("a refusal shows the variable: %v", err)
		}
		if plain := strings.ToLower(url); err == nil && strings.HasPrefix(plain, "http://") && !strings.Contains(plain, "127.") && !strings.Contains(plain, "localhost") && !strings.Contains(plain, "::") {
			t.Errorf("%q is called in the clear", url)
		}
	})
}
