package bot

import (
	"strings"

	"github.com/helix-collective/helix/commands"
)

// phoneColumns is how many characters of a block fit one line of a phone.
const phoneColumns = 40

// renderCard lays a reply's card out: names in bold, and tables in blocks as
// narrow as a phone. What does not fit so is in a file besides. ok is false
// where the reply is no card, or too long a one: it is rendered as text then.
func renderCard(reply commands.Reply) (parts []row, files []file, ok bool) {
	if reply.Card == nil || reply.Plan != nil || reply.Problem != "" || reply.Truncated > 0 {
		return nil, nil, false
	}
	parts = []row{textRow("### " + literal(line(reply.Card.Title)))}
	whole := true
	for _, t := range reply.Card.Tables {
		text, fits := cardTable(t)
		parts = append(parts, textRow(text))
		whole = whole && fits
	}
	if !whole {
		files = []file{{name: fileName, data: reply.Output}}
		parts = append(parts, textRow("-# Narrowed for a phone; the file has all of it."), fileRow(fileName))
	}
	for _, p := range reply.Pictures {
		files = append(files, pictureFile(p))
		parts = append(parts, pictureRow(p.Name))
	}
	if tail := tail(reply); tail != "" {
		parts = append(parts, textRow(tail))
	}
	parts = []row{frame(accentCalm, parts...)}
	return parts, files, words(parts) <= maxLayout && countParts(parts) <= maxParts-roomForButtons
}

func pictureFile(p commands.Picture) file { return file{name: p.Name, data: p.PNG, picture: true} }

// roomForButtons is how many components are kept for what stands below a card:
// rows with their buttons.
const roomForButtons = 20

// cardTable shows one of a card's tables. fits is false if something of it is
// left out.
func cardTable(t commands.Table) (text string, fits bool) {
	if t.Named() && len(t.Columns) == 2 {
		return nameLines(t), true
	}
	text, fits = t.With(line).Fit(phoneColumns)
	return fenced(text), fits
}

// nameLines shows each row as "**name** what is said of it", which a phone may
// wrap where it likes.
func nameLines(t commands.Table) string {
	var b strings.Builder
	for _, cells := range t.Rows {
		b.WriteString("**" + literal(line(cells[0])) + "** " + literal(line(cells[1])) + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}
