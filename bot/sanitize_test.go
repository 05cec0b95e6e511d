package bot

import (
	"encoding/json"
	"testing"

	"github.com/helix-collective/helix/redact"
)

func TestSanitizedJSON(t *testing.T) {
	clean := redact.Default().Text
	for _, c := range []struct{ name, body, want string }{
		{"nothing to hide stays to the byte", `{"b": 1.50, "a":"x"}`, `{"b": 1.50, "a":"x"}`},
		{"a text", `{"content":"password=hunter2hunter2","type":4}`, `{"content":"password=•••","type":4}`},
		{"nested", `{"data":{"components":[{"label":"token: abc"}]}}`, `{"data":{"components":[{"label":"token: •••"}]}}`},
		{"never longer", `{"label":"pwd=a b"}`, `{"label":"pwd=••…"}`},
		{"ids and nonces stay", `{"nonce":"token=abcd","custom_id":"token=abcd","id":"token=abcd","content":"token=abcd"}`,
			`{"content":"token=•••","custom_id":"token=abcd","id":"token=abcd","nonce":"token=abcd"}`},
		{"an embed's field", `{"embeds":[{"fields":[{"name":"password","value":"hunter2"},{"name":"keys","value":"3"}]}]}`,
			`{"embeds":[{"fields":[{"name":"password","value":"•••"},{"name":"keys","value":"3"}]}]}`},
		{"a choice is no field", `{"data":{"choices":[{"name":"redis.password","value":"redis.password"}]}}`,
			`{"data":{"choices":[{"name":"redis.password","value":"redis.password"}]}}`},
	} {
		got, err := sanitizedJSON([]byte(c.body), clean)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v, want %s", c.name, got, err, c.want)
		}
	}
	if _, err := sanitizedJSON([]byte("{"), clean); err == nil {
		t.Error("a broken body is sent")
	}
}

func TestAMaskedTextKeepsItsLimitAndItsBlocks(t *testing.T) {
	for _, c := range []struct{ masked, before, want string }{
		{"a ••• b", "a secret b", "a ••• b"},
		{"pwd=•••", "pwd=a", "pwd=…"},
		{"```\npwd=••• and more\n```", "```\npwd=a and more\n```", "```\npwd=••• and m…\n```"},
	} {
		got := noLonger(c.masked, c.before)
		if got != c.want || width(got) > width(c.before) {
			t.Errorf("noLonger(%q, %q) = %q, want %q", c.masked, c.before, got, c.want)
		}
	}
}

func TestFilesAreLookedAt(t *testing.T) {
	l := lastLook{redactor: redact.Default(), redacts: true}
	sent := call{body: outgoing{Content: "token=abcd"}, files: []file{{name: "output.txt", data: []byte("token=abcd")}}}
	got, err := l.sanitized(sent)
	if err != nil || string(got.files[0].data) != "token=•••" || string(sent.files[0].data) != "token=abcd" {
		t.Errorf("the file is %q, was %q, %v", got.files[0].data, sent.files[0].data, err)
	}
}

func TestWhatIsLeftAlone(t *testing.T) {
	l := lastLook{redactor: redact.Default(), redacts: true}
	secret := map[string]string{"description": "token=abcd"}
	for name, c := range map[string]call{
		"our own commands": {path: "/applications/1/commands", body: secret},
		"nothing at all":   {path: "/channels/1/typing"},
		"what is revealed": {path: "/interactions/1/t/callback", body: callback{Data: outgoing{Content: "token=abcd", revealed: true}}},
	} {
		got, err := l.sanitized(c)
		if err != nil {
			t.Fatal(err)
		}
		before, after := encoded(t, c.body), encoded(t, got.body)
		if before != after {
			t.Errorf("%s became %s", name, after)
		}
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
