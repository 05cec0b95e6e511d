package bot

import "encoding/json"

// row is a part of a message, below those before it: buttons, one menu or, in a
// message that is laid out, a text, a file, or a frame around such parts. Type
// says which, and so which of the other fields count.
type row struct {
	Type    int
	Buttons []button
	Menu    *menu
	Text    string // at most 4,000 characters in all of a message
	File    string // the name of an attachment, as a file or as a picture
	Accent  int    // the colour of a frame's edge
	Parts   []row  // within a frame
}

// What a message holds at most that is laid out.
const (
	maxLayout = 4000 // UTF-16 units in all its texts
	maxParts  = 40   // frames, rows and buttons included
)

// Colours of a frame's edge.
const accentCalm = 0x3ba55d

func textRow(text string) row { return row{Type: componentText, Text: text} }

func fileRow(name string) row { return row{Type: componentFile, File: name} }

func pictureRow(name string) row { return row{Type: componentPictures, File: name} }

func frame(accent int, parts ...row) row {
	return row{Type: componentFrame, Accent: accent, Parts: parts}
}

// MarshalJSON writes the part as Discord wants one of its type.
func (r row) MarshalJSON() ([]byte, error) {
	wire := struct {
		Type       int    `json:"type"`
		Content    string `json:"content,omitempty"`
		File       any    `json:"file,omitempty"`
		Items      []any  `json:"items,omitempty"`
		Accent     int    `json:"accent_color,omitempty"`
		Components any    `json:"components,omitempty"`
	}{Type: r.Type}
	switch r.Type {
	case componentText:
		wire.Content = r.Text
	case componentFile:
		wire.File = attached(r.File)
	case componentPictures:
		wire.Items = []any{map[string]any{"media": attached(r.File)}}
	case componentFrame:
		wire.Accent, wire.Components = r.Accent, r.Parts
	default:
		wire.Components = r.Buttons
		if r.Menu != nil {
			wire.Components = []*menu{r.Menu}
		}
	}
	return json.Marshal(wire)
}

func attached(name string) map[string]string { return map[string]string{"url": "attachment://" + name} }

// laidOut reports whether a message of these rows is made of components alone.
// Discord lets none become an ordinary message again; the other way is open.
func laidOut(rows []row) bool {
	for _, r := range rows {
		if r.Type != componentRow {
			return true
		}
	}
	return false
}

// withoutFiles are rows without those that show a file.
func withoutFiles(rows []row) []row {
	var kept []row
	for _, r := range rows {
		if r.Type == componentFile || r.Type == componentPictures {
			continue
		}
		r.Parts = withoutFiles(r.Parts)
		kept = append(kept, r)
	}
	return kept
}

// countParts is how many components rows are, with all in them.
func countParts(rows []row) int {
	n := len(rows)
	for _, r := range rows {
		n += len(r.Buttons) + countParts(r.Parts)
		if r.Menu != nil {
			n++
		}
	}
	return n
}

// words is the length of all texts in rows, in UTF-16 units.
func words(rows []row) int {
	n := 0
	for _, r := range rows {
		n += width(r.Text) + words(r.Parts)
	}
	return n
}
