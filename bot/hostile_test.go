package bot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/helix-collective/helix/commands"
)

// textsVariable says how many random texts are rendered; 2,000 unless it is set.
const textsVariable = "HELIX_RENDER_TEXTS"

func randomTexts(t *testing.T) int {
	t.Helper()
	n, err := strconv.Atoi(os.Getenv(textsVariable))
	if err != nil {
		return 2000
	}
	return n
}

// hostile are pieces that markup, terminals and careless code make something of.
var hostile = []string{
	"`", "``", "```", "```\n", "\n```", "````", "`````", "```ansi\n", "~~~", "@everyone", "@here", "<@1>", "<@!2>", "<@&3>", "<#4>", "</x:5>", "<:e:6>", "<a:e:7>", "<t:8:R>",
	"\u202e", "\u202d", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u2028", "\u2029", "\u3164", "\u034f", "\ufe01", "\U000e0041", "\ue000",
	"🙂", "👩🏽‍🚀", "🇩🇪", "❤️", "𝕳", "漢字", "ｆｕｌｌ", "e\u0301\u0323", "\u0e33", "ß", "İ",
	"\x1b[31m", "\x1b]8;;http://x\x07", "\x00", "\x07", "\b", "\x7f", "\x80", "\u0085", "\xff\xfe", "\xc3", "\xed\xa0\x80", "\r\n", "\r", "\n", "\n\n\n", "\t", " ", "    ",
	"||", "**", "__", "~~", "# ", "> ", ">>> ", "-# ", "[a](http://evil.example)", "https://evil.example", "discord.gg/x", "javascript:", `\`, "\"", "{}", "%s", "session:user:ann", "0123456789", "long-word-without-a-break",
}

// randomText is made of such pieces; one in some is longer than a message, one
// in many than all its pages.
func randomText(r *rand.Rand) string {
	n := r.IntN(40)
	switch r.IntN(40) {
	case 0, 1, 2:
		n = r.IntN(900)
	case 3:
		n = r.IntN(9000)
	}
	var b strings.Builder
	few := hostile
	if r.IntN(3) == 0 { // runs of one kind
		at := r.IntN(len(hostile) - 3)
		few = hostile[at : at+3]
	}
	for range n {
		b.WriteString(few[r.IntN(len(few))])
	}
	return b.String()
}

// randomReply is a reply with such texts in some of its parts.
func randomReply(r *rand.Rand) commands.Reply {
	some := func(one int) string {
		if r.IntN(one) > 0 {
			return ""
		}
		return randomText(r)
	}
	reply := commands.Reply{Outcome: commands.OK, Output: []byte(randomText(r)), Problem: some(8), Footer: some(4)}
	for range r.IntN(3) {
		reply.Hints = append(reply.Hints, some(2))
	}
	switch r.IntN(8) {
	case 0:
		reply.Plan = &commands.Plan{ID: "7f3a", Text: randomText(r), Word: some(2), Approval: some(2), Until: time.Unix(1764281600, 0)}
	case 1:
		card := commands.Card{Title: randomText(r), Tables: []commands.Table{
			{Columns: make([]commands.Column, 2), Rows: [][]string{{randomText(r), randomText(r)}}},
			{Columns: []commands.Column{{Title: randomText(r)}, {Title: "b", Drop: 1}}, Rows: [][]string{{randomText(r), randomText(r)}, {"1", "2"}}},
		}}
		reply.Card, reply.Output = &card, []byte(card.Text())
	}
	return reply
}

// TestRandomTextsAreRendered renders 2,000 replies made of hostile pieces, or as
// many as HELIX_RENDER_TEXTS says.
func TestRandomTextsAreRendered(t *testing.T) {
	b, err := New(Options{Token: "token"})
	if err != nil {
		t.Fatal(err)
	}
	defer b.rest.close()
	for seed := range uint64(randomTexts(t)) {
		reply := randomReply(rand.New(rand.NewPCG(seed, 5)))
		if fault := renderFault(b, strconv.FormatUint(seed, 10), reply); fault != "" {
			t.Fatalf("text %d: %s\nthe output is %q", seed, fault, reply.Output)
		}
	}
}

// renderFault says what is wrong with the way a reply is rendered.
func renderFault(b *Bot, id string, reply commands.Reply) string {
	a := b.compose(occasion{id: id, channel: "2", message: "3"}, reply)
	if fault := bodyFault(a); fault != "" {
		return fault
	}
	texts := textsOf(a)
	for _, text := range texts {
		if fault := textFault(text); fault != "" {
			return fmt.Sprintf("%s in %q", fault, text)
		}
	}
	return lossFault(b.pages.find(nonce(id)), reply, a)
}

// bodyFault holds a message against Discord's limits, and against ringing.
func bodyFault(a answer) string {
	body, err := json.Marshal(outgoing{Content: a.content, Mentions: nobody(), Rows: a.rows})
	switch {
	case err != nil:
		return err.Error()
	case !bytes.Contains(body, []byte(`"allowed_mentions":{"parse":[],"replied_user":false}`)):
		return "it may ring somebody"
	case width(a.content) > maxContent, words(a.rows) > maxLayout, countParts(a.rows) > maxParts:
		return fmt.Sprintf("%d units, %d in texts, %d parts", width(a.content), words(a.rows), countParts(a.rows))
	case a.content == "" && !laidOut(a.rows):
		return "it says nothing"
	}
	return ""
}

// textsOf are all texts of a message.
func textsOf(a answer) []string {
	var texts []string
	var walk func([]row)
	walk = func(rows []row) {
		for _, r := range rows {
			if r.Type == componentText {
				texts = append(texts, r.Text)
			}
			walk(r.Parts)
		}
	}
	walk(a.rows)
	if a.content != "" {
		texts = append(texts, a.content)
	}
	return texts
}

// code are blocks and spans as Discord finds them, the first to begin first, and
// what a backslash takes the meaning from.
var code = regexp.MustCompile("(?s)```.*?```|`[^`]+`|" + `\\[^0-9A-Za-z\s]`)

// live is what Discord makes something of outside of that.
var live = regexp.MustCompile("`" + `|<[@#:/]|<a:|\|\||\]\(|(?i:https?://|discord\.gg/)`)

// textFault finds what is not legible in a text, or more than a text.
func textFault(text string) string {
	if !utf8.ValidString(text) {
		return "no UTF-8"
	}
	for _, r := range text {
		if hidden(r) && string(r) != zeroWidth {
			return fmt.Sprintf("a hidden %U", r)
		}
	}
	rest := ourTimes.ReplaceAllString(text, "")
	if strings.Contains(fencesOf(rest), "?") {
		return "a broken block"
	}
	if found := live.FindString(code.ReplaceAllString(rest, "·")); found != "" {
		return fmt.Sprintf("markup %q", found)
	}
	return ""
}

// ourTimes are what a plan itself counts down.
var ourTimes = regexp.MustCompile(`<t:1764281600:R>`)

// fencesOf writes "[" and "]" for the lines that begin and end a block, "?" for
// a mark anywhere else, or for one that is missing.
func fencesOf(text string) string {
	var b strings.Builder
	open := false
	for line := range strings.Lines(text) {
		switch mark := strings.TrimSuffix(line, "\n") == fenceMark; {
		case !mark && strings.Contains(line, fenceMark):
			b.WriteString("?")
		case mark && open:
			b.WriteString("]")
			open = false
		case mark:
			b.WriteString("[")
			open = true
		}
	}
	if open {
		b.WriteString("?")
	}
	return b.String()
}

// lossFault says what of an output is neither shown nor in a file.
func lossFault(kept *book, reply commands.Reply, a answer) string {
	if reply.Plan != nil || len(reply.Output) == 0 || visible(string(reply.Output)) == "" {
		return ""
	}
	for _, f := range a.files {
		if !bytes.Equal(f.data, reply.Output) {
			return "the file is not the output"
		}
	}
	switch {
	case len(a.files) > 0:
		return ""
	case laidOut(a.rows):
		return cellFault(*reply.Card, textsOf(a))
	}
	pages := []string{a.content}
	if kept != nil && len(kept.pages) > 1 {
		pages = kept.pages
		for _, page := range pages {
			if fault := textFault(page); fault != "" || width(page) > maxContent {
				return fmt.Sprintf("a page of %d units with %s: %q", width(page), fault, page)
			}
		}
	}
	if whole := unfence(pages); whole != shown(reply.Output) {
		return fmt.Sprintf("the pages say %q", whole)
	}
	return ""
}

// cellFault finds a cell that a card without a file does not show.
func cellFault(card commands.Card, texts []string) string {
	said := plainly(strings.Join(texts, ""))
	for _, table := range card.Tables {
		for _, cells := range table.Rows {
			for _, cell := range cells {
				if !strings.Contains(said, plainly(line(cell))) {
					return fmt.Sprintf("cell %q is not shown", cell)
				}
			}
		}
	}
	return ""
}

// plainly is a text without what keeps it from being markup.
func plainly(text string) string {
	return strings.NewReplacer(zeroWidth, "", `\`, "", " ", "").Replace(text)
}
