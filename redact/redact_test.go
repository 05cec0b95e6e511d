package redact_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/helix-collective/helix/redact"
)

func newRedactor(t testing.TB, o redact.Options) *redact.Redactor {
	t.Helper()
	r, err := redact.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// maskedValues are values and how they are shown.
var maskedValues = []struct{ name, value, want string }{
	{"a field", `{"user_id": "u1", "token": "abc"}`, `{"user_id": "u1", "token": "•••"}`},
	{"a number", `{"otp":123456,"n":1}`, `{"otp":"•••","n":1}`},
	{"an object", `{"credentials":{"a":"}","b":[1]},"n":1}`, `{"credentials":"•••","n":1}`},
	{"a list", `{"api_keys":["a","]"],"n":1}`, `{"api_keys":"•••","n":1}`},
	{"nested", `{"data":{"user":{"passwordHash":"x"}}}`, `{"data":{"user":{"passwordHash":"•••"}}}`},
	{"an escaped quotation mark", `{"password":"a\"b\\","n":"c"}`, `{"password":"•••","n":"c"}`},
	{"JSON in JSON", `{"data":"{\"token\":\"a\\\"b\",\"n\":\"c\"}"}`, `{"data":"{\"token\":\"•••\",\"n\":\"c\"}"}`},
	{"a number of JSON in JSON", `{"data":"{\"pin\":1,\"otp\":42}"}`, `{"data":"{\"pin\":1,\"otp\":\"•••\"}"}`},
	{"an escaped name", `{"pass\u0077ord":"x"}`, `{"pass\u0077ord":"•••"}`},
	{"a name with a blank", `{"API key":"x"}`, `{"API key":"•••"}`},
	{"cut short", `{"n":1,"secret":"abc`, `{"n":1,"secret":"•••`},
	{"lines", "{\n  \"token\":\n    \"x\",\n  \"n\": 1\n}", "{\n  \"token\":\n    \"•••\",\n  \"n\": 1\n}"},
	{"Python", `{'password': 'x', 'n': 1}`, `{'password': '•••', 'n': 1}`},
	{"a query", `user=ann&password=x&n=1`, `user=ann&password=•••&n=1`},
	{"YAML", "user: ann\npassword: hunter2\n", "user: ann\npassword: •••\n"},
	{"a header", "Authorization: Digest user, x\nHost: a", "Authorization: •••\nHost: a"},
	{"a cookie", "Cookie: a=b; c=d\n", "Cookie: •••\n"},
	{"PHP", `user|s:3:"ann";password|s:7:"hun"er2";n|i:1;`, `user|s:3:"ann";password|s:7:"•••";n|i:1;`},
	{"PHP's arrays", `a:1:{s:5:"token";s:3:"abc";}`, `a:1:{s:5:"token";s:3:"•••";}`},
	{"MessagePack", "\x82\xa8password\xa7hunter2\xa4user\xa3ann", "\x82\xa8password\xa7•••\xa4user\xa3ann"},
	{"a JWT", "x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl y", "x ••• y"},
	{"of GitHub", "ghp_abcdefghijklmnop1234", "•••"},
	{"of Slack", "xoxb-123456789012-abcdef", "•••"},
	{"of OpenAI", "sk-proj-abcdefgh12345678", "•••"},
	{"of Amazon", "AKIAIOSFODNN7EXAMPLE", "•••"},
	{"of Discord", "OTk4ODc3NjY1NTQ0MzMyMjEx.GabcdE.abcdefghijklmnopqrstuvwxyz0", "•••"},
	{"Bearer", "Bearer abc.def", "Bearer •••"},
	{"Basic", "basic YW5uOmh1bnRlcjI=", "basic •••"},
	{"PEM", "a\n-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----\nb", "a\n•••\nb"},
	{"PEM cut short", "-----BEGIN PRIVATE KEY-----\nMIIE", "•••"},
	{"an address", "redis://ann:hunter2@host:6379/0", "redis://ann:•••@host:6379/0"},
	{"an address without a user", "redis://:hunter2@host", "redis://:•••@host"},
	{"an address with odd bytes", "amqp://a:p@s/s@host/x", "amqp://a:•••@host/x"},
	{"hexadecimal", "0123456789abcdef0123456789abcdef", "•••"},
	{"base64", "x=dGhpcyBpcyBOT1QgYSBzZWNyZXQgMTIzNDU2Nzg5MA==;", "x=•••;"},
	{"a UUID", "3f2a9c01-77aa-4bbb-8ccc-0123456789ab", "3f2a9c01…"},
	{"a key", `["session:3f2a9c01-77aa","session:abc123"]`, `["session:3f2a9c01…","session:abc123"]`},
	{"a user's key", "session:user:john@example.com:{9f3a}0123456789abcdef", "session:user:john@example.com:{9f3a}01234567…"},
}

func TestValueMasks(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	for _, c := range maskedValues {
		t.Run(c.name, func(t *testing.T) {
			got := string(r.Value([]byte(c.value)))
			if got != c.want {
				t.Errorf("%q\n got %q\nwant %q", c.value, got, c.want)
			}
			if again := string(r.Value([]byte(got))); again != got {
				t.Errorf("a second time: %q", again)
			}
		})
	}
}

// plainValues are shown as they are.
var plainValues = []string{
	"", "hello", "true", "86400", "1732705966.123", "2025-11-07T12:00:00Z", "192.0.2.17", "2001:db8:85a3::8a2e:370:7334",
	"john@example.com", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
	`{"user_id": "john@example.com", "ip": "192.0.2.1", "created_at": 1732705966.5, "last_accessed": 1732705970.25}`,
	`{"token_expires_at": 1732705966, "token_type": "x", "cookie_secure": true, "csrf": null, "password": ""}`,
	"redis.session_cookie_samesite=strict\nredis.session_cookie_secure=true", "https://example.com:8080/a/john@example.com",
	"redis://[user:password@]host[:port]",
	"Basic information about tokens", "the secret is out", "maxmemory-policy allkeys-lru notify-keyspace-events",
	"getUserAuthenticationProviderFactoryBean", "/usr/local/share/redis/redis.conf", "session:abc123", "session:*",
	"session:user:john@example.com:*", strings.Repeat("x", 10_000), strings.Repeat("0", 100), "a\x00\xff\xfe\tb", "@everyone `````",
	"Sessions: 12345678901234567890", "token", "1,2,3;4|5", "用户名 пользователь",
}

func TestValueLeavesTheRestAlone(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	for _, v := range plainValues {
		if got := string(r.Value([]byte(v))); got != v {
			t.Errorf("%.100q became %.100q", v, got)
		}
	}
}

func TestKey(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	for key, want := range map[string]string{
		"session:abc123":    "session:abc123",
		"session:12345678":  "session:12345678",
		"session:123456789": "session:12345678…",
		"session:12345678…": "session:12345678…",
		"session:":          "session:",
		"session:3f2a9c01-77aa-4bbb-8ccc-0123456789ab":                       "session:3f2a9c01…",
		"session:session:3f2a9c01-77aa":                                      "session:session:3f2a9c01…",
		"session:user:ann:{9f3a}0123456789":                                  "session:user:ann:{9f3a}01234567…",
		"session:user:ann:0123456789":                                        "session:user:ann:01234567…",
		"session:user:3f2a9c01-77aa-4bbb-8ccc-0123456789ab:{9f3a}0123456789": "session:user:3f2a9c01-77aa-4bbb-8ccc-0123456789ab:{9f3a}01234567…",
		"session:üüüüüüüüü":                                                  "session:üüüüüüüü…",
		"session:\xff\xfe\xff\xfe\xff\xfe\xff\xfe\xff":                       "session:\xff\xfe\xff\xfe\xff\xfe\xff\xfe…",
		"cache:home":                             "cache:home",
		"token:1":                                "token:1",
		"reset:0123456789abcdef0123456789abcdef": "reset:01234567…",
		"q:redis://u:pw@host":                    "q:redis://u:…@host",
		"@everyone":                              "@everyone",
	} {
		if got := string(r.Key(nil, []byte(key))); got != want {
			t.Errorf("%q is shown as %q, want %q", key, got, want)
		}
	}
}

func TestShortFormsAndTheirPatterns(t *testing.T) {
	for form, want := range map[string]string{
		"session:3f2a9c01…": "session:3f2a9c01*", "session:3f2a9c01...": "session:3f2a9c01*",
		"session:user:a%2a:{t}x*[…": `session:user:a%2a:{t}x\*\[*`,
	} {
		if got := redact.Pattern(form); !redact.IsShort(form) || got != want {
			t.Errorf("%s: %t, %s", form, redact.IsShort(form), got)
		}
	}
	for _, word := range []string{"session:abc", "...", "a...b", ""} {
		if redact.IsShort(word) {
			t.Errorf("%q is taken for a short form", word)
		}
	}
}

func TestTextLeavesFiguresOfTheServerAlone(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	for _, text := range []string{
		"run_id:0123456789abcdef0123456789abcdef01234567\r\nmaster_replid:0123456789abcdef0123456789abcdef01234567\r\n",
		"token:1\ncsrf:2\n",
	} {
		if got := string(r.Text([]byte(text))); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
	const sentence = `cat: cannot open "/etc/passwd": cat reads standard input only`
	if got := string(r.Text([]byte(sentence))); got != sentence {
		t.Errorf("got %q", got)
	}
	if got := string(r.Text([]byte("a ghp_abcdefghijklmnop1234 token=x\n"))); got != "a ••• token=•••\n" {
		t.Errorf("got %q", got)
	}
}

func TestOptionsAdd(t *testing.T) {
	r := newRedactor(t, redact.Options{Fields: []string{"Shoe Size"}, Patterns: []string{`acme-\d+`, `\d{3}-x`}})
	got := string(r.Value([]byte(`{"shoe_size":43,"note":"acme-123-x, acme-9"}`)))
	if want := `{"shoe_size":"•••","note":"•••, •••"}`; got != want {
		t.Errorf("got %s", got)
	}
	for _, pattern := range []string{"(", "a*"} {
		if _, err := redact.New(redact.Options{Patterns: []string{pattern}}); err == nil {
			t.Errorf("%q is accepted", pattern)
		}
	}
}

// What stays of JSON is JSON.
func TestJSONStaysJSON(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	rapid.Check(t, func(t *rapid.T) {
		data, err := json.Marshal(drawJSON(t, 3))
		if err != nil {
			t.Fatal(err)
		}
		if got := r.Value(data); !json.Valid(got) {
			t.Fatalf("%s became %s", data, got)
		}
	})
}

func drawJSON(t *rapid.T, depth int) any {
	kinds := []string{"text", "number", "constant"}
	if depth > 0 {
		kinds = append(kinds, "object", "list", "inner")
	}
	switch rapid.SampledFrom(kinds).Draw(t, "kind") {
	case "text":
		return rapid.String().Draw(t, "text")
	case "number":
		return rapid.Float64Range(-1e6, 1e6).Draw(t, "number")
	case "object":
		object := make(map[string]any)
		for range rapid.IntRange(0, 4).Draw(t, "fields") {
			name := rapid.OneOf(rapid.SampledFrom([]string{"token", "user", "password", "n", "Set-Cookie"}), rapid.String()).Draw(t, "name")
			object[name] = drawJSON(t, depth-1)
		}
		return object
	case "list":
		return []any{drawJSON(t, depth-1), drawJSON(t, depth-1)}
	case "inner":
		data, err := json.Marshal(drawJSON(t, depth-1))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	return rapid.SampledFrom([]any{true, false, nil}).Draw(t, "constant")
}

// planted is a text with a secret in it.
type planted struct{ text, secret string }

// drawPlanted hides a random secret where people hide them.
func drawPlanted(t *rapid.T) planted {
	raw := make([]byte, rapid.IntRange(16, 64).Draw(t, "length"))
	rand.NewChaCha8([32]byte{rapid.Byte().Draw(t, "seed")}).Read(raw)
	secret := fmt.Sprintf("%x", raw)
	field := rapid.SampledFrom([]string{"password", "accessToken", "X-API-Key", "client_secret", "session_id", "otp"}).Draw(t, "field")
	said := rapid.StringMatching(`[a-zA-Z0-9!#%*_.-]{8,40}`).Draw(t, "said") + "zq9" // need not look random
	quoted, err := json.Marshal(map[string]any{"user": "ann", field: said})
	if err != nil {
		t.Fatal(err)
	}
	inner, err := json.Marshal(map[string]string{"data": string(quoted)})
	if err != nil {
		t.Fatal(err)
	}
	cut := bytes.Index(quoted, []byte(said)) + len(said)
	return rapid.SampledFrom([]planted{
		{secret, secret},
		{"a " + secret + ", b", secret},
		{string(quoted), said},
		{string(quoted[:cut]), said},
		{string(inner), said},
		{field + "=" + said + "&a=b", said},
		{"x\n" + field + ": " + said + "\ny", said},
		{"ghp_" + secret, secret},
		{"Bearer " + said, said},
		{"postgres://ann:" + said + "@db/x", said},
		{"-----BEGIN PRIVATE KEY-----\n" + said + "\n-----END PRIVATE KEY-----", said},
		{"session:" + secret, secret},
		{"see session:user:ann:{ab12}" + secret + ".", secret},
	}).Draw(t, "planted")
}

// A planted secret appears in no output, wherever it stands in a larger value
// and however that is cut into pieces; what streams say is what Value says.
func TestPlantedSecretsDoNotShow(t *testing.T) {
	r := newRedactor(t, redact.Options{})
	filler := rapid.OneOf(rapid.Just(""), rapid.SampledFrom([]string{"lorem ipsum\n", `{"a":1} `, "\x00\xff "}))
	rapid.Check(t, func(t *rapid.T) {
		p := drawPlanted(t)
		fill := strings.Repeat(filler.Draw(t, "filler"), rapid.IntRange(0, 900).Draw(t, "times"))
		value := []byte(fill + p.text + "\n" + fill)
		whole := r.Value(value)
		checkHidden(t, whole, p.secret)
		if again := r.Value(whole); !bytes.Equal(again, whole) {
			t.Fatalf("a second time %q became %q", whole, again)
		}
		pieces := streamed(r.ValueStream(), value, rapid.IntRange(1, 5000).Draw(t, "piece"))
		if !bytes.Equal(pieces, whole) {
			t.Fatalf("in pieces\n%q\nwhole\n%q", pieces, whole)
		}
	})
}

func streamed(s *redact.Stream, value []byte, size int) []byte {
	var out []byte
	for len(value) > 0 {
		n := min(size, len(value))
		out = append(out, s.Next(value[:n])...)
		value = value[n:]
	}
	return append(out, s.End()...)
}

// checkHidden fails where eight characters beyond the eight that an id shows,
// or any eight of what is no id, can be seen.
func checkHidden(t *rapid.T, shown []byte, secret string) {
	t.Helper()
	for i := 1; i+8 <= len(secret); i++ {
		if bytes.Contains(shown, []byte(secret[i:i+8])) {
			t.Fatalf("%q shows %q", shown, secret[i:i+8])
		}
	}
}

func TestStreamsOfLongSecretsAndLines(t *testing.T) {
	r := newRedactor(t, redact.Options{Patterns: []string{`acme-\d+`}})
	long := strings.Repeat("aB3dE6gH9", 20_000)
	for _, c := range []struct{ value, want string }{
		{`{"a":1,"token":"` + long + `","b":2}`, `{"a":1,"token":"•••","b":2}`},
		{"x " + long + " y", "x ••• y"},
		{"x " + strings.Repeat("a", 100_000) + " acme-1", "x " + strings.Repeat("a", 100_000) + " •••"},
		{strings.Repeat("acme-12 ", 5_000), strings.Repeat("••• ", 5_000)},
		{"-----BEGIN X-----" + long + "\n-----END X----- z", "••• z"},
	} {
		if got := string(r.Value([]byte(c.value))); got != c.want {
			t.Errorf("whole: got %.100q, want %.100q", got, c.want)
		}
		if got := string(streamed(r.ValueStream(), []byte(c.value), 1000)); got != c.want {
			t.Errorf("in pieces: got %.100q, want %.100q", got, c.want)
		}
	}
}

func FuzzRedact(f *testing.F) {
	for _, c := range maskedValues {
		f.Add([]byte(c.value), 7)
	}
	for _, v := range plainValues {
		f.Add([]byte(v), 4096)
	}
	r := newRedactor(f, redact.Options{})
	f.Fuzz(func(t *testing.T, value []byte, size int) {
		whole := r.Value(value)
		if got := r.Value(whole); json.Valid(value) && utf8.Valid(value) && !bytes.Equal(got, whole) {
			t.Errorf("%q became %q, and then %q", value, whole, got)
		}
		if got := streamed(r.ValueStream(), value, max(size, 1+len(value)/50)); !bytes.Equal(got, whole) {
			t.Errorf("in pieces %q, whole %q", got, whole)
		}
		shown := r.Key(nil, value)
		if got := r.Key(nil, shown); !bytes.Equal(got, shown) {
			t.Errorf("key %q became %q, and then %q", value, shown, got)
		}
		r.Text(value)
	})
}

func BenchmarkKey(b *testing.B) {
	r := newRedactor(b, redact.Options{})
	key, buf := []byte("session:user:john@example.com:{9f3a}0123456789abcdef"), make([]byte, 0, 128)
	b.ReportAllocs()
	for b.Loop() {
		r.Key(buf, key)
	}
}

func BenchmarkValue(b *testing.B) {
	r := newRedactor(b, redact.Options{})
	value := bytes.Repeat([]byte(plainValues[10]), 1000)
	b.SetBytes(int64(len(value)))
	for b.Loop() {
		r.Value(value)
	}
}
