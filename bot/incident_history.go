package bot

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/alerts"
)

// A thread below an incident's message holds its history, in one message that is
// edited, so that it calls nobody. Discord gives such a thread the id of the
// message, and one message has one at most.

// keepHistory brings an incident's thread up to date, and answers its id. That it
// cannot is logged: the incident itself is shown.
func (n *Notifier) keepHistory(ctx context.Context, channel string, at alerts.Place, in alerts.Incident) (thread string) {
	if at.Thread == "" {
		if err := n.openThread(ctx, channel, at.Message, in); err != nil {
			n.bot.log.Warn("an incident has no thread", zap.String("incident", in.ID), zap.Error(err))
			return ""
		}
		at.Thread = at.Message
	}
	if err := n.writeHistory(ctx, at.Thread, in); err != nil {
		n.bot.log.Warn("an incident's history could not be shown", zap.String("incident", in.ID), zap.Error(err))
	}
	return at.Thread
}

// codeThreadExists says that a message has a thread already.
const codeThreadExists = 160004

// threadLasts is after how many minutes without a message Discord hides a thread.
const threadLasts = 1440

func (n *Notifier) openThread(ctx context.Context, channel, message string, in alerts.Incident) error {
	body := struct {
		Name  string `json:"name"`
		Lasts int    `json:"auto_archive_duration"`
	}{clip(in.Summary+" · "+in.ID, maxThreadName), threadLasts}
	err := n.bot.rest.do(ctx, call{method: http.MethodPost, path: messagePath(channel, message) + "/threads", body: body}, nil)
	if hasCode(err, codeThreadExists) {
		return nil
	}
	return err
}

const maxThreadName = 100

// writeHistory edits the message that holds the history, or makes it.
func (n *Notifier) writeHistory(ctx context.Context, thread string, in alerts.Incident) error {
	n.mu.Lock()
	message, known := n.histories[in.ID]
	n.mu.Unlock()
	if !known {
		var err error
		if message, err = n.findHistory(ctx, thread); err != nil {
			return err
		}
	}
	a := answer{content: historyText(in)}
	if message != "" {
		err := n.bot.editTo(ctx, thread, message, a)
		if !hasCode(err, codeUnknownMessage) {
			n.remember(in.ID, message)
			return err
		}
	}
	var posted struct {
		ID string `json:"id"`
	}
	err := n.bot.postFor(ctx, thread, outgoing{
		Content: a.content, Mentions: nobody(), Flags: flagNoEmbeds, Nonce: nonce("history " + in.Nonce()), EnforceNonce: true,
	}, nil, &posted)
	if err == nil {
		n.remember(in.ID, posted.ID)
	}
	return err
}

func (n *Notifier) remember(incident, message string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.histories[incident] = message
}

// findHistory looks for the message that holds the history: ours, the first.
func (n *Notifier) findHistory(ctx context.Context, thread string) (message string, err error) {
	var all []struct {
		ID     string `json:"id"`
		Author struct {
			ID string `json:"id"`
		} `json:"author"`
		Content string `json:"content"`
	}
	path := fmt.Sprintf("/channels/%s/messages?limit=10&after=%s", thread, thread)
	if err := n.bot.rest.do(ctx, call{method: http.MethodGet, path: path}, &all); err != nil {
		return "", err
	}
	me := n.bot.Status().UserID
	for _, m := range all {
		if m.Author.ID == me && strings.HasPrefix(m.Content, historyHead) {
			return m.ID, nil
		}
	}
	return "", nil
}

const historyHead = "**History**"

// historyText is what happened, the newest lines where there is no room for all.
func historyText(in alerts.Incident) string {
	lines := make([]string, len(in.Timeline))
	for i, e := range in.Timeline {
		lines[i] = fmt.Sprintf("\n<t:%d:T> %s", e.At.Unix(), harmless(visible(e.Text)))
	}
	room := maxContent - width(historyHead) - len("\n…")
	from, used := len(lines), 0
	for from > 0 && used+width(lines[from-1]) <= room {
		from--
		used += width(lines[from])
	}
	text := historyHead
	if from > 0 {
		text += "\n…"
	}
	return text + strings.Join(lines[from:], "")
}
