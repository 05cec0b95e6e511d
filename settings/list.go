package settings

import "strings"

// splitList reads texts between commas; the brackets of a YAML list may stand
// around them. A text between quotes may hold commas and blanks; between single
// ones two of them stand for one. Empty texts are left out.
func splitList(text string) []string {
	text = strings.TrimSpace(text)
	if inner, ok := strings.CutPrefix(text, "["); ok {
		if inner, ok := strings.CutSuffix(inner, "]"); ok {
			text = inner
		}
	}
	var items []string
	for text != "" {
		var item string
		if item, text = nextItem(text); item != "" {
			items = append(items, item)
		}
	}
	return items
}

// nextItem answers the first text of a list and what follows its comma.
func nextItem(text string) (item, rest string) {
	text = strings.TrimSpace(text)
	if item, behind, ok := quotedItem(text); ok {
		behind = strings.TrimSpace(behind)
		if rest, ok := strings.CutPrefix(behind, ","); ok || behind == "" {
			return item, rest
		}
	}
	item, rest, _ = strings.Cut(text, ",")
	return strings.TrimSpace(item), rest
}

// quotedItem answers the text between the quotes that a text begins with, and
// what follows them.
func quotedItem(text string) (item, behind string, ok bool) {
	if text == "" || text[0] != '"' && text[0] != '\'' {
		return "", "", false
	}
	quote, text := text[:1], text[1:]
	for {
		part, behind, closed := strings.Cut(text, quote)
		item += part
		if !closed {
			return "", "", false
		}
		if quote == `"` || !strings.HasPrefix(behind, quote) {
			return item, behind, true
		}
		item, text = item+quote, behind[1:]
	}
}

// joinList writes a list that splitList reads back.
func joinList(items []string) string {
	written := make([]string, len(items))
	for i, item := range items {
		written[i] = item
		if strings.ContainsAny(item, ",\"'[]") || strings.TrimSpace(item) != item {
			written[i] = "'" + strings.ReplaceAll(item, "'", "''") + "'"
		}
	}
	return strings.Join(written, ",")
}
