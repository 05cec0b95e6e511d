package discordtest

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// Discord's limits on a message that its description leaves out or states
// differently.
const (
	contentLimit      = 2000 // characters; the description says 4,000
	embedsLimit       = 6000 // characters in all embeds of a message
	rowsLimit         = 5
	buttonsPerRow     = 5
	componentsLimit   = 40 // of a components v2 message, nested ones included
	textDisplaysLimit = 4000
	filesLimit        = 10
)

// Discord's button styles beyond the coloured ones.
const (
	styleLink    = 5
	stylePremium = 6
)

// checkLimits holds a request that carries a message against those limits.
func checkLimits(req *Request) []Violation {
	body, at, creates := messageIn(req)
	if body == nil {
		return nil
	}
	l := limits{body: body, at: at, req: req, creates: creates}
	l.checkText()
	l.checkFiles()
	l.checkComponents()
	return l.found
}

// messageIn finds the message in a request's body, and where it is. creates
// tells whether it is a whole one rather than a change.
func messageIn(req *Request) (body object, at string, creates bool) {
	whole := fields(req.payload)
	if whole == nil && len(req.uploads) > 0 {
		whole = object{}
	}
	switch req.Operation {
	case "create_message", "execute_webhook":
		return whole, "", true
	case "update_message", "update_webhook_message", "update_original_webhook_message":
		return whole, "", false
	case "create_interaction_response":
		switch number(whole["type"]) {
		case callbackMessage:
			return fields(whole["data"]), "/data", true
		case callbackUpdateMessage:
			return fields(whole["data"]), "/data", false
		}
	}
	return nil, "", false
}

// limits checks one message.
type limits struct {
	body    object
	at      string
	req     *Request
	creates bool
	found   []Violation
}

func (l *limits) report(pointer, rule, format string, args ...any) {
	l.found = append(l.found, Violation{Pointer: l.at + pointer, Rule: rule, Detail: fmt.Sprintf(format, args...)})
}

func (l *limits) checkText() {
	if n := utf8.RuneCountInString(text(l.body["content"])); n > contentLimit {
		l.report("/content", "content-length", "%d of %d characters", n, contentLimit)
	}
	if n := embedsLength(objects(l.body["embeds"])); n > embedsLimit {
		l.report("/embeds", "embeds-length", "%d of %d characters", n, embedsLimit)
	}
	something := len(l.req.uploads) + len(items(l.body["embeds"])) + len(items(l.body["components"])) + len(items(l.body["sticker_ids"]))
	if l.creates && text(l.body["content"]) == "" && something == 0 && l.body["poll"] == nil {
		l.report("", "empty-message", "nothing in it")
	}
}

// embedsLength counts the characters that Discord counts.
func embedsLength(embeds []object) int {
	n := 0
	count := func(v any) { n += utf8.RuneCountInString(text(v)) }
	for _, e := range embeds {
		count(e["title"])
		count(e["description"])
		count(fields(e["footer"])["text"])
		count(fields(e["author"])["name"])
		for _, f := range objects(e["fields"]) {
			count(f["name"])
			count(f["value"])
		}
	}
	return n
}

func (l *limits) checkFiles() {
	if n := len(l.req.uploads); n > filesLimit {
		l.report("", "file-count", "%d of %d files", n, filesLimit)
	}
	sent := []string{}
	for _, up := range l.req.uploads {
		sent = append(sent, up.index)
		if n := len(up.file.Data); n > fileLimit {
			l.report("", "file-size", "%s has %d of %d bytes", up.file.Name, n, fileLimit)
		}
		if up.file.Name == "" {
			l.report("", "file-name", "files[%s] has no name", up.index)
		}
	}
	for i, a := range objects(l.body["attachments"]) {
		id := text(a["id"])
		if !slices.Contains(sent, id) && (l.creates || len(id) < len("1000000")) {
			l.report(fmt.Sprintf("/attachments/%d/id", i), "attachment", "no file %q came along", id)
		}
	}
}

func (l *limits) checkComponents() {
	top := objects(l.body["components"])
	if number(l.body["flags"])&flagComponentsV2 != 0 {
		l.checkV2(top)
	} else {
		l.checkRows(top)
	}
	ids := map[string]bool{}
	walkComponents(top, func(c map[string]any) {
		if id := text(c["custom_id"]); id != "" && ids[id] {
			l.report("/components", "custom-id", "%q twice", id)
		} else {
			ids[id] = true
		}
		switch number(c["type"]) {
		case componentRow:
			l.checkRow(objects(c["components"]))
		case componentButton:
			l.checkButton(c)
		}
	})
}

// checkV2 holds a message made of components alone against its limits.
func (l *limits) checkV2(top []object) {
	for _, key := range []string{"content", "embeds", "poll", "sticker_ids"} {
		if v := l.body[key]; v != nil && toJSON(v) != `""` && toJSON(v) != "[]" {
			l.report("/"+key, "components-v2", "not beside components v2")
		}
	}
	count, length := 0, 0
	walkComponents(top, func(c map[string]any) {
		count++
		if number(c["type"]) == componentText {
			length += utf8.RuneCountInString(text(c["content"]))
		}
	})
	if count > componentsLimit {
		l.report("/components", "component-count", "%d of %d", count, componentsLimit)
	}
	if length > textDisplaysLimit {
		l.report("/components", "text-length", "%d of %d characters", length, textDisplaysLimit)
	}
	shown := filesNamed(componentsOf(top))
	for _, up := range l.req.uploads {
		if !slices.Contains(shown, up.file.Name) {
			l.report("/components", "file-unseen", "no component shows %s", up.file.Name)
		}
	}
}

// checkRows holds the components of an ordinary message against its limits. A
// change may be one to a components v2 message and does not say so.
func (l *limits) checkRows(top []object) {
	onlyRows := !slices.ContainsFunc(top, func(c object) bool { return number(c["type"]) != componentRow })
	switch {
	case !onlyRows && l.creates:
		l.report("/components", "components-v2", "needs the flag %d", flagComponentsV2)
	case onlyRows && len(top) > rowsLimit:
		l.report("/components", "row-count", "%d of %d rows", len(top), rowsLimit)
	}
}

// checkRow: five buttons, or one menu alone.
func (l *limits) checkRow(held []object) {
	buttons := 0
	for _, c := range held {
		if number(c["type"]) == componentButton {
			buttons++
		}
	}
	switch {
	case buttons > buttonsPerRow:
		l.report("/components", "button-count", "%d of %d in a row", buttons, buttonsPerRow)
	case buttons < len(held) && len(held) > 1:
		l.report("/components", "menu-alone", "a menu shares its row")
	}
}

func (l *limits) checkButton(c object) {
	style, id, url := number(c["style"]), text(c["custom_id"]), text(c["url"])
	switch {
	case style == styleLink && (url == "" || id != ""):
		l.report("/components", "button", "a link has a url and no custom_id")
	case style == stylePremium && (c["sku_id"] == nil || id != "" || url != ""):
		l.report("/components", "button", "a premium button has a sku_id alone")
	case style < styleLink && (id == "" || url != ""):
		l.report("/components", "button", "a button has a custom_id and no url")
	case style != stylePremium && text(c["label"]) == "" && c["emoji"] == nil:
		l.report("/components", "button", "neither label nor emoji")
	}
}
