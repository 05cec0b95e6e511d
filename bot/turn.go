package bot

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// pagePrefix begins the custom id of a button that turns a page.
const pagePrefix = "page:"

// turners are the buttons below a page, counted from 0.
func turners(id string, page, pages int) []row {
	turn := func(label string, to int, useless bool) button {
		// The label is part of the id: two buttons may lead to the same page.
		return button{Type: componentButton, Style: styleSecondary, Label: label,
			CustomID: fmt.Sprintf("%s%s:%d:%s", pagePrefix, id, to, label), Disabled: useless}
	}
	last := pages - 1
	return []row{{Type: componentRow, Buttons: []button{
		turn("First", 0, page == 0),
		turn("Previous", max(page-1, 0), page == 0),
		turn("Next", min(page+1, last), page == last),
		turn("Last", last, page == last),
	}}}
}

// turnPage shows another page. Whoever sees an answer may turn it: its first
// page was shown to the whole channel.
func (b *Bot) turnPage(ctx context.Context, p *press, custom string) {
	id, rest, _ := strings.Cut(custom, ":")
	number, _, _ := strings.Cut(rest, ":")
	n, err := strconv.Atoi(number)
	if err != nil {
		return // not a button of ours
	}
	b.noteClick(p, fmt.Sprintf("page %d of %s", n+1, id))
	kept := b.pages.find(id)
	if kept == nil {
		p.whisper(ctx, notKept)
		return
	}
	if page, ok := kept.page(n); ok {
		p.update(ctx, page)
	}
}

const notKept = "This answer is no longer kept. Run the command again to read on."
