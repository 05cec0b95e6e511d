package discordtest

import (
	"net/url"
	"slices"
	"strings"
)

// attach takes the request's files in, with the names and descriptions that
// the body's list of attachments gives them.
func (c *call) attach(m *message) {
	described := map[string]object{}
	for _, a := range objects(c.body["attachments"]) {
		described[text(a["id"])] = a
	}
	for _, up := range c.files {
		file := up.file
		if a := described[up.index]; a != nil {
			file.Description = text(a["description"])
			if name := text(a["filename"]); name != "" {
				file.Name = name
			}
		}
		file.ID = c.d.ids.at(c.d.now())
		file.path = m.channel.id + "/" + file.ID + "/" + url.PathEscape(file.Name)
		c.d.files[m.channel.id+"/"+file.ID+"/"+file.Name] = file
		m.Attachments = append(m.Attachments, file)
	}
}

// checkFiles refuses references to files that did not come along.
func (m *message) checkFiles() *apiError {
	for _, name := range m.fileReferences() {
		if _, ok := m.File(name); !ok {
			return invalidForm("REFERENCED_ATTACHMENT_NOT_FOUND", "The referenced attachment was not found", "embeds")
		}
	}
	return nil
}

// fileReferences answers the names behind attachment:// addresses.
func (m *message) fileReferences() []string {
	return filesNamed(append(slices.Clone(m.embeds), componentsOf(m.Components)...))
}

func filesNamed(v any) []string {
	var names []string
	walkStrings(v, func(s string) {
		if name, ok := strings.CutPrefix(s, "attachment://"); ok {
			names = append(names, name)
		}
	})
	return names
}

// walkStrings visits every string in a JSON value.
func walkStrings(v any, visit func(string)) {
	switch v := v.(type) {
	case string:
		visit(v)
	case list:
		for _, item := range v {
			walkStrings(item, visit)
		}
	case object:
		for _, item := range v {
			walkStrings(item, visit)
		}
	}
}
