package bot

import (
	"fmt"
	"strings"

	"github.com/helix-collective/helix/commands"
)

// What Discord takes, and what a reader does.
const (
	maxContent  = 2000    // UTF-16 units in a message
	maxPages    = 8       // beyond them an answer becomes a file
	maxAdvice   = 500     // of what stands below the output, beside what went wrong
	maxProblem  = 1000    // of what went wrong
	maxFile     = 8 << 20 // bytes; Discord's own limit is 10 MiB with all around it
	previewSize = 700     // of the first lines of a file
	fileName    = "output.txt"
)

// rendered is an answer in Discord's terms: one or more pages of text, of
// which one is seen at a time, or one page and files.
type rendered struct {
	pages []string
	files []file
}

// render turns a reply into messages of Discord. Output stands in a block that
// it cannot break out of.
func render(reply commands.Reply) rendered { return renderWithin(reply, maxPages) }

// renderWithin does so with at most so many pages.
func renderWithin(reply commands.Reply, most int) rendered {
	if reply.Plan != nil {
		return renderPlan(reply)
	}
	tail := tail(reply)
	text := visible(string(reply.Output))
	if text == "" {
		return rendered{pages: []string{join(empty(reply), tail)}}
	}
	room := maxContent - width(tail) - len("\n") - pageLine
	pages := paginate(text, room, most)
	if pages == nil || reply.Truncated > 0 {
		return renderFile(reply, text, tail)
	}
	for i, page := range pages {
		pages[i] = join(page, tail)
	}
	return rendered{pages: number(pages)}
}

// empty is what stands in the place of an output that there is none of. A
// problem says enough by itself.
func empty(reply commands.Reply) string {
	if reply.Problem != "" {
		return ""
	}
	return "(no output)"
}

// tail is what stands below the output: what went wrong, advice, and a line
// on how much and how long.
func tail(reply commands.Reply) string {
	footer := reply.Footer
	if reply.Status != 0 && reply.Outcome == commands.OK && reply.Problem == "" {
		footer = strings.TrimPrefix(footer+fmt.Sprintf(" · exit status %d", reply.Status), " · ")
	}
	if footer != "" {
		footer = smallWithin(footer, maxAdvice/2)
	}
	advice := join(hints(reply.Hints, maxAdvice-width("\n"+footer)), footer)
	if reply.Problem == "" {
		return advice
	}
	return join(problem(reply.Problem), advice)
}

// hints are lines of advice, as many as fit: below them is what must not be lost.
func hints(list []string, most int) string {
	var parts []string
	for _, hint := range list {
		parts = append(parts, smallWithin(hint, most))
	}
	return clipLines(strings.Join(parts, "\n"), most)
}

// clipLines drops whole lines from the end that do not fit. The first does.
func clipLines(text string, most int) string {
	for width(text) > most {
		text = text[:strings.LastIndexByte(text, '\n')]
	}
	return text
}

// problem shows a sentence as text, and lines that depend on their columns,
// such as a source with a caret below, in a block.
func problem(text string) string {
	text = visible(text)
	first, rest, several := strings.Cut(text, "\n")
	switch {
	case !several:
		return brief(first, maxProblem)
	case inColumns(rest):
		block, _ := cutPage(rest, maxProblem/2)
		return brief(first, maxProblem/2-1) + "\n" + block
	}
	return brief(text, maxProblem)
}

func inColumns(text string) bool {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, " ") || strings.HasPrefix(line, "^") {
			return true
		}
	}
	return false
}

// small is a line in small type.
func small(text string) string { return smallWithin(text, maxAdvice) }

func smallWithin(text string, most int) string {
	const mark = "-# "
	return mark + brief(line(text), most-len(mark))
}

func join(above, below string) string {
	if above == "" || below == "" {
		return above + below
	}
	return above + "\n" + below
}

// pageLine is the room kept for the number of the page.
const pageLine = len("\n-# page 8 of 8")

func number(pages []string) []string {
	if len(pages) == 1 {
		return pages
	}
	for i, page := range pages {
		pages[i] = fmt.Sprintf("%s\n-# page %d of %d", page, i+1, len(pages))
	}
	return pages
}

// paginate splits a text into blocks of at most room units each, at line
// breaks where it can. It answers nil if there would be more than most.
func paginate(text string, room, most int) []string {
	if len(text) > most*room*4 { // four bytes for a unit is the worst
		return nil
	}
	var pages []string
	for text != "" {
		if len(pages) == most {
			return nil
		}
		var page string
		page, text = cutPage(text, room)
		pages = append(pages, page)
	}
	return pages
}

// cutPage answers the first block of a text and what is left of it.
func cutPage(text string, room int) (page, rest string) {
	end, n, lineEnd := len(text), width(fenced("")), 0
	previous := rune(0)
	for i, r := range text {
		w := width(string(r))
		if r == '`' && previous == '`' {
			w++ // for what keeps them apart
		}
		if n+w > room {
			end = i
			break
		}
		n += w
		previous = r
		if r == '\n' {
			lineEnd = i + 1
		}
	}
	if end < len(text) && lineEnd > 0 {
		end = lineEnd
	}
	return fenced(text[:end]), text[end:]
}

// renderFile answers an output that is too long to be read page by page: its
// beginning, and the whole as a file.
func renderFile(reply commands.Reply, text, tail string) rendered {
	data := reply.Output
	missing := reply.Truncated
	if len(data) > maxFile {
		cut := lastLine(data[:maxFile])
		missing += int64(len(data) - cut)
		data = data[:cut]
	}
	preview, _ := cutPage(text, min(previewSize, maxContent-width(tail)-noteRoom))
	note := fmt.Sprintf("-# The first lines; all of it (%s) is in the file.", size(int64(len(data))))
	if missing > 0 {
		note = fmt.Sprintf("The file holds the first %s; %s more are left out. Narrow it down with `head`, `grep` or `wc -l`.",
			size(int64(len(data))), size(missing))
	}
	return rendered{
		pages: []string{join(preview+"\n"+note, tail)},
		files: []file{{name: fileName, data: data}},
	}
}

// lastLine answers where the last whole line of the data ends, or its end if
// there is none.
func lastLine(data []byte) int {
	for i := len(data); i > 0; i-- {
		if data[i-1] == '\n' {
			return i
		}
	}
	return len(data)
}

// size spells a number of bytes as a person takes it in.
func size(n int64) string {
	switch {
	case n < 1<<10:
		return fmt.Sprintf("%d bytes", n)
	case n < 1<<20:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
}
