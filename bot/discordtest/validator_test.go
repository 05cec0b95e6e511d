package discordtest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"testing"

	"github.com/helix-collective/helix/bot/discordtest"
)

// raw sends a request by hand and answers the status and the decoded body.
func raw(t *testing.T, d *discordtest.Discord, method, path, contentType, body string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequest(method, d.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bot "+d.Token())
	req.Header.Set("User-Agent", "DiscordBot (https://example.org, 1)")
	if body != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return do(t, req)
}

func do(t *testing.T, req *http.Request) (int, map[string]any) {
	t.Helper()
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var decoded map[string]any
	_ = json.Unmarshal(answer, &decoded) // some answers are empty or lists
	return resp.StatusCode, decoded
}

// form writes a multipart body: payload_json, if any, and files by field name.
func form(t *testing.T, payload string, files map[string]string) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if payload != "" {
		part, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Disposition": {`form-data; name="payload_json"`}, "Content-Type": {"application/json"},
		})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(part, payload)
	}
	for name, data := range files {
		part, err := w.CreateFormFile(name, strings.NewReplacer("[", "", "]", "").Replace(name)+".txt")
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(part, data)
	}
	w.Close()
	return w.FormDataContentType(), b.String()
}

func needsDescription(t *testing.T) {
	t.Helper()
	if !discordtest.Described() {
		t.Skip("Discord's OpenAPI description is not here")
	}
}

// row is an action row of the components given.
func row(components ...string) string {
	return `{"type":1,"components":[` + strings.Join(components, ",") + `]}`
}

func button(id string) string {
	return fmt.Sprintf(`{"type":2,"style":1,"label":"x","custom_id":%q}`, id)
}

func TestEachBadRequestBreaksOneRule(t *testing.T) {
	needsDescription(t)
	t.Parallel()
	long, longer := strings.Repeat("é", 2001), strings.Repeat("é", 3000)
	forty := strings.TrimSuffix(strings.Repeat(`{"type":14},`, 40), ",")
	for _, tc := range []struct {
		name, method, path, body string
		want                     []string
		status                   int
	}{
		{"plain", "POST", "/messages", `{"content":"hi"}`, nil, 200},
		{"all that discordgo nulls", "POST", "/messages", `{"content":"hi","embeds":null,"components":null,"sticker_ids":null,"tts":false}`, nil, 200},
		{"2,000 characters", "POST", "/messages", `{"content":"` + long[:4000] + `"}`, nil, 200},
		{"2,001 characters", "POST", "/messages", `{"content":"` + long + `"}`, []string{"/content: content-length (2001 of 2000 characters)"}, 400},
		{"empty", "POST", "/messages", `{"content":""}`, []string{"empty-message (nothing in it)"}, 400},
		{"a misspelt field", "POST", "/messages", `{"content":"hi","alowed_mentions":{"parse":[]}}`, []string{`/alowed_mentions: unknown {"parse":[]}`}, 200},
		{"a misspelt field deep down", "POST", "/messages", `{"content":"hi","allowed_mentions":{"prase":[]}}`, []string{`/allowed_mentions/prase: unknown []`}, 200},
		{"a wrong type", "POST", "/messages", `{"content":5}`, []string{"/content: type 5", "empty-message (nothing in it)"}, 400},
		{"an unknown mention type", "POST", "/messages", `{"content":"hi","allowed_mentions":{"parse":["all"]}}`, []string{`/allowed_mentions/parse/0: oneOf "all"`}, 400},
		{"a missing field", "POST", "/messages", `{"content":"hi","message_reference":{}}`, []string{"/message_reference: required (message_id)"}, 400},
		{"an id that is none", "POST", "/messages", `{"content":"hi","message_reference":{"message_id":"x1"}}`, []string{`/message_reference/message_id: pattern "x1"`}, 400},
		{"a nonce of 26 characters", "POST", "/messages", `{"content":"hi","nonce":"` + strings.Repeat("n", 26) + `"}`, []string{`/nonce: maxLength "` + strings.Repeat("n", 26) + `"`}, 400},
		{"eleven embeds", "POST", "/messages", `{"embeds":[` + strings.TrimSuffix(strings.Repeat(`{"title":"t"},`, 11), ",") + `]}`, []string{"/embeds: maxItems"}, 400},
		{"6,001 characters in embeds", "POST", "/messages", `{"embeds":[{"description":"` + longer + `"},{"description":"` + longer + `","title":"t"}]}`, []string{"/embeds: embeds-length (6001 of 6000 characters)"}, 400},
		{"an embed's colour", "POST", "/messages", `{"embeds":[{"title":"t","color":16777216}]}`, []string{"/embeds/0/color: maximum 16777216"}, 400},
		{"not JSON", "POST", "/messages", `{`, []string{"body (body is not JSON: unexpected EOF)"}, 400},
		{"no body", "POST", "/messages", ``, []string{"body (required, but missing)"}, 400},
		{"a body where none belongs", "POST", "/typing", `{}`, []string{"body {} (the operation takes none)"}, 400},
		{"a query", "GET", "/messages?limit=3&after=0", ``, nil, 200},
		{"a query out of range", "GET", "/messages?limit=101", ``, []string{"?limit: maximum 101"}, 400},
		{"a query of the wrong type", "GET", "/messages?limit=many", ``, []string{`?limit: type "many"`}, 400},
		{"a misspelt query", "GET", "/messages?afer=1", ``, []string{`?afer: unknown "1"`}, 200},

		{"a button", "POST", "/messages", `{"components":[` + row(button("a"), button("b")) + `]}`, nil, 200},
		{"six buttons in a row", "POST", "/messages", `{"components":[` + row(button("a"), button("b"), button("c"), button("d"), button("e"), button("f")) + `]}`,
			[]string{"/components/0/components: maxItems", "/components: button-count (6 of 5 in a row)"}, 400},
		{"six rows", "POST", "/messages", `{"components":[` + strings.Join([]string{row(button("a")), row(button("b")), row(button("c")), row(button("d")), row(button("e")), row(button("f"))}, ",") + `]}`,
			[]string{"/components: row-count (6 of 5 rows)"}, 400},
		{"a custom_id twice", "POST", "/messages", `{"components":[` + row(button("a"), button("a")) + `]}`, []string{`/components: custom-id ("a" twice)`}, 400},
		{"a custom_id of 101 characters", "POST", "/messages", `{"components":[` + row(button(strings.Repeat("a", 101))) + `]}`,
			[]string{`/components/0/components/0/custom_id: maxLength "` + strings.Repeat("a", 101) + `"`}, 400},
		{"a link with a custom_id", "POST", "/messages", `{"components":[` + row(`{"type":2,"style":5,"label":"x","custom_id":"a"}`) + `]}`,
			[]string{"/components: button (a link has a url and no custom_id)"}, 400},
		{"a button without a custom_id", "POST", "/messages", `{"components":[` + row(`{"type":2,"style":1,"label":"x"}`) + `]}`,
			[]string{"/components: button (a button has a custom_id and no url)"}, 400},
		{"a button without words", "POST", "/messages", `{"components":[` + row(`{"type":2,"style":1,"custom_id":"a"}`) + `]}`,
			[]string{"/components: button (neither label nor emoji)"}, 400},
		{"a button style that is none", "POST", "/messages", `{"components":[` + row(`{"type":2,"style":9,"label":"x","custom_id":"a"}`) + `]}`,
			[]string{"/components/0/components/0/style: oneOf 9"}, 400},
		{"a misspelt field of a button", "POST", "/messages", `{"components":[` + row(`{"type":2,"style":1,"label":"x","custom_id":"a","disable":true}`) + `]}`,
			[]string{"/components/0/components/0/disable: unknown true"}, 200},
		{"a menu's field on a button", "POST", "/messages", `{"components":[` + row(`{"type":2,"style":1,"label":"x","custom_id":"a","options":[]}`) + `]}`,
			[]string{"/components/0/components/0/options: unknown []"}, 200},
		{"a component of no type", "POST", "/messages", `{"components":[{"type":99}],"content":"x","flags":32768}`,
			[]string{`/components/0: oneOf {"type":99}`, "/content: components-v2 (not beside components v2)"}, 400},
		{"text display without its flag", "POST", "/messages", `{"components":[{"type":10,"content":"x"}]}`,
			[]string{"/components: components-v2 (needs the flag 32768)"}, 400},
		{"components v2", "POST", "/messages", `{"flags":32768,"components":[{"type":17,"components":[{"type":10,"content":"x"}]}]}`, nil, 200},
		{"41 components", "POST", "/messages", `{"flags":32768,"components":[{"type":17,"components":[` + forty + `]}]}`,
			[]string{"/components: component-count (41 of 40)"}, 400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := discordtest.New(t)
			d.AllowViolations()
			acme := d.Guild("Acme").Text("#ops")
			status, _ := raw(t, d, tc.method, "/channels/"+acme.ChannelID("#ops")+tc.path, "application/json", tc.body)
			if status/100 != tc.status/100 {
				t.Errorf("status = %d, want %d", status, tc.status)
			}
			mustBreak(t, d, tc.want)
		})
	}
}

// mustBreak holds the last request's violations against those wanted; a wanted
// one may leave the value out.
func mustBreak(t *testing.T, d *discordtest.Discord, want []string) {
	t.Helper()
	all := d.Requests()
	var got []string
	for _, v := range all[len(all)-1].Violations {
		got = append(got, v.String())
	}
	same := slices.EqualFunc(got, want, strings.HasPrefix)
	if !same {
		t.Errorf("violations = %q\nwant %q", got, want)
	}
}

func TestMultipart(t *testing.T) {
	needsDescription(t)
	t.Parallel()
	big := strings.Repeat("x", 10<<20+1)
	for _, tc := range []struct {
		name, payload string
		files         map[string]string
		want          []string
		status        int
	}{
		{"with words", `{"content":"hi"}`, map[string]string{"files[0]": "data"}, nil, 200},
		{"a file alone", `{}`, map[string]string{"files[0]": "data"}, nil, 200},
		{"no payload", ``, map[string]string{"files[0]": "data"}, nil, 200},
		{"described", `{"attachments":[{"id":"0","description":"d"}]}`, map[string]string{"files[0]": "data"}, nil, 200},
		{"described but not there", `{"attachments":[{"id":"1","description":"d"}]}`, map[string]string{"files[0]": "data"},
			[]string{`/attachments/0/id: attachment (no file "1" came along)`}, 200},
		{"a bad payload", `{"content":"hi","embeds":{}}`, map[string]string{"files[0]": "data"}, []string{"/embeds: type {}"}, 400},
		{"a field that is neither", `{"content":"hi"}`, map[string]string{"upload": "data"},
			[]string{`body (multipart field "upload" is neither payload_json nor files[n])`}, 400},
		{"a file in a layout", `{"flags":32768,"components":[{"type":13,"file":{"url":"attachment://files0.txt"}}]}`, map[string]string{"files[0]": "data"}, nil, 200},
		{"a file that no layout shows", `{"flags":32768,"components":[{"type":10,"content":"x"}]}`, map[string]string{"files[0]": "data"},
			[]string{"/components: file-unseen (no component shows files0.txt)"}, 200},
		{"10 MiB and a byte", `{"content":"hi"}`, map[string]string{"files[0]": big}, []string{"file-size (files0.txt has 10485761 of 10485760 bytes)"}, 413},
		{"an embed's missing picture", `{"embeds":[{"image":{"url":"attachment://chart.png"}}]}`, map[string]string{"files[0]": "data"}, nil, 400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := discordtest.New(t)
			d.AllowViolations()
			acme := d.Guild("Acme").Text("#ops")
			contentType, body := form(t, tc.payload, tc.files)
			status, _ := raw(t, d, "POST", "/channels/"+acme.ChannelID("#ops")+"/messages", contentType, body)
			if status != tc.status {
				t.Errorf("status = %d, want %d", status, tc.status)
			}
			mustBreak(t, d, tc.want)
		})
	}
}

func TestRequestsOutsideTheDescription(t *testing.T) {
	needsDescription(t)
	t.Parallel()
	for _, tc := range []struct {
		name, method, path string
		want               []string
	}{
		{"not served here", "GET", "/voice/regions", []string{"route (this fake does not serve GET /voice/regions)"}},
		{"nowhere", "GET", "/nowhere", []string{"route (this fake does not serve GET /nowhere)", "operation (Discord has no GET /nowhere)"}},
		{"not an id", "GET", "/channels/ops", []string{`{channel_id}: pattern "ops"`}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := discordtest.New(t)
			d.AllowViolations()
			if status, _ := raw(t, d, tc.method, tc.path, "", ""); status/100 != 4 {
				t.Errorf("status = %d, want 4xx", status)
			}
			mustBreak(t, d, tc.want)
		})
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	d.AllowViolations()
	req, err := http.NewRequest("GET", strings.Replace(d.URL(), "v10", "v9", 1)+"/users/@me", nil)
	if err != nil {
		t.Fatal(err)
	}
	if status, _ := do(t, req); status != 401 {
		t.Errorf("status = %d, want 401", status)
	}
	mustBreak(t, d, []string{
		`user-agent "Go-http-client/1.1"`, "authorization (missing)", `version "v9"`,
	})
}

// failure stands in for a test in order to see it fail.
type failure struct {
	testing.TB
	cleanups []func()
	errors   []string
}

func (f *failure) Helper()           {}
func (f *failure) Cleanup(do func()) { f.cleanups = append(f.cleanups, do) }
func (f *failure) Errorf(format string, args ...any) {
	f.errors = append(f.errors, fmt.Sprintf(format, args...))
}

func (f *failure) end() {
	for _, do := range f.cleanups {
		do()
	}
}

func TestAViolationFailsTheTest(t *testing.T) {
	needsDescription(t)
	t.Parallel()
	for _, allowed := range []bool{false, true} {
		watched := &failure{TB: t}
		d := discordtest.New(watched)
		if allowed {
			d.AllowViolations()
		}
		acme := d.Guild("Acme").Text("#ops")
		raw(t, d, "POST", "/channels/"+acme.ChannelID("#ops")+"/messages", "application/json", `{"content":"hi","colour":"red"}`)
		watched.end()
		told := strings.Join(watched.errors, "\n")
		if allowed != (told == "") {
			t.Errorf("allowed %t: the test heard %q", allowed, told)
		}
		if !allowed && !(strings.Contains(told, `/colour: unknown "red"`) && strings.Contains(told, `{"content":"hi","colour":"red"}`)) {
			t.Errorf("the failure does not show rule and request: %s", told)
		}
	}
}

func jsonValue(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatal(err)
	}
	return v
}
