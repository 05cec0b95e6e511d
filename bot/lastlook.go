package bot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/helix-collective/helix/redact"
)

// lastLook is the one point that every body passes on its way to Discord:
// messages, components, files, forms, completions and names of threads. What
// answers hold was redacted where it entered a program; this catches what came
// another way. Secrets of Helix itself are masked everywhere.
type lastLook struct {
	redactor *redact.Redactor
	redacts  bool // not only Helix's own secrets
}

// sanitized answers a call without secrets.
func (l lastLook) sanitized(c call) (call, error) {
	if c.body == nil || strings.HasPrefix(c.path, "/applications/") { // commands as our own table has them
		return c, nil
	}
	clean := l.clean(isRevealed(c.body))
	body, err := json.Marshal(c.body)
	if err != nil {
		return c, fmt.Errorf("encode the request: %w", err)
	}
	if c.body, err = sanitizedJSON(body, clean); err != nil {
		return c, err
	}
	files := make([]file, len(c.files))
	for i, f := range c.files {
		if files[i] = f; !f.picture {
			files[i].data = clean(f.data)
		}
	}
	c.files = files
	return c, nil
}

// clean is what masks secrets, only those of Helix itself in what is revealed.
func (l lastLook) clean(revealed bool) func([]byte) []byte {
	if l.redacts && !revealed {
		return l.redactor.Text
	}
	return l.redactor.Own
}

// isRevealed reports whether a body is for the eyes of somebody alone who has the
// right reveal.
func isRevealed(body any) bool {
	switch body := body.(type) {
	case outgoing:
		return body.revealed
	case edited:
		return body.revealed
	case callback:
		return isRevealed(body.Data)
	}
	return false
}

// sanitizedJSON cleans all texts in a body. It answers the body as it is where
// there is nothing to mask.
func sanitizedJSON(body []byte, clean func([]byte) []byte) (json.RawMessage, error) {
	numbers := json.NewDecoder(bytes.NewReader(body))
	numbers.UseNumber()
	var value any
	if err := numbers.Decode(&value); err != nil {
		return nil, fmt.Errorf("read the request back: %w", err)
	}
	s := sanitizer{clean: clean}
	value = s.value("", value)
	if !s.changed {
		return body, nil
	}
	body, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode the request: %w", err)
	}
	return body, nil
}

// sanitizer cleans the texts of one body.
type sanitizer struct {
	clean   func([]byte) []byte
	changed bool
}

func (s *sanitizer) value(key string, value any) any {
	switch v := value.(type) {
	case string:
		return s.text(key, v)
	case []any:
		for i := range v {
			v[i] = s.value(key, v[i])
		}
	case map[string]any:
		if key == "fields" { // of an embed: what stands beside a name may be a secret by it
			s.field(v)
		}
		for k := range v {
			v[k] = s.value(k, v[k])
		}
	}
	return value
}

// text cleans a text, unless it is none but a name among machines.
func (s *sanitizer) text(key, text string) string {
	if key == "nonce" || key == "id" || key == "parse" || strings.HasSuffix(key, "_id") {
		return text
	}
	masked := string(s.clean([]byte(text)))
	if masked == text {
		return text
	}
	s.changed = true
	return noLonger(masked, text)
}

// field cleans a field of an embed as one text.
func (s *sanitizer) field(f map[string]any) {
	name, _ := f["name"].(string)
	value, _ := f["value"].(string)
	pair := name + ": " + value
	if masked := string(s.clean([]byte(pair))); masked != pair {
		s.changed = true
		f["value"] = noLonger(strings.TrimPrefix(masked, name+": "), value)
	}
}

// noLonger shortens a masked text to what it was, so that it keeps within the
// limit that it was made for, and closes a block whose end that would cut off.
func noLonger(masked, before string) string {
	most := width(before)
	short := clip(masked, most)
	if open := strings.Count(short, fenceMark)%2 == 1; open && strings.Count(masked, fenceMark)%2 == 0 {
		const end = "\n" + fenceMark
		short = clip(masked, most-len(end)) + end
	}
	return short
}
