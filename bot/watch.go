package bot

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/clock"
	"github.com/helix-collective/helix/commands"
)

// watches are the answers that are kept up to date: one in a channel.
type watches struct {
	mu      sync.Mutex
	running map[string]*watched // by the channel
}

// watched is one such answer.
type watched struct {
	occasion occasion
	message  string
	how      commands.Watch
	until    time.Time
	goesOn   bool // after a crash: it is renewed at once
	stop     context.CancelFunc
}

// maxWatches bounds them.
const maxWatches = 20

// keepUp keeps a message up to date from now on, in the place of another in its
// channel. What does not ask for that, or is a command's own answer, stays as it is.
func (b *Bot) keepUp(work context.Context, o occasion, message string, how *commands.Watch) {
	if how == nil || o.press != nil {
		return
	}
	b.keepUpAs(work, &watched{occasion: o, message: message, how: *how, until: time.Now().Add(how.For)})
}

func (b *Bot) keepUpAs(work context.Context, w *watched) {
	ctx, stop := context.WithTimeout(work, w.how.For)
	w.stop = stop
	if !b.watches.add(w) {
		stop()
		return
	}
	b.queues.apart(func() {
		defer b.watches.remove(w)
		b.remember(ctx, w)
		defer b.forgetWatch(ctx, w)
		b.guarded("watch", func() { b.renew(ctx, w) })
	})
}

// add takes a watch, in the place of another in its channel; ok is false if there
// are too many. What goes on after a crash is older than any that runs, and takes the
// place of none.
func (ws *watches) add(w *watched) (ok bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.running == nil {
		ws.running = make(map[string]*watched)
	}
	old := ws.running[w.occasion.channel]
	switch {
	case old != nil && w.goesOn:
		return false
	case old != nil:
		old.stop()
	case len(ws.running) >= maxWatches:
		return false
	}
	ws.running[w.occasion.channel] = w
	return true
}

func (ws *watches) remove(w *watched) {
	w.stop()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.running[w.occasion.channel] == w {
		delete(ws.running, w.occasion.channel)
	}
}

// close ends all of them.
func (ws *watches) close() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, w := range ws.running {
		w.stop()
	}
}

func (ws *watches) find(channel string) *watched {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.running[channel]
}

// renew renews a message until ctx ends, the message is gone, or whoever asked may
// not any more. What cannot be renewed once is tried again the next time.
func (b *Bot) renew(ctx context.Context, w *watched) {
	var last *commands.Reply
	for at := w.goesOn; at || clock.Sleep(ctx, w.how.Every) == nil; at = false {
		reply, ok := b.askAgain(ctx, w)
		if !ok {
			break
		}
		if last = &reply; !b.show(ctx, w, reply, fmt.Sprintf("kept up to date until %s UTC", w.until.UTC().Format("15:04")), true) {
			return
		}
	}
	if last == nil {
		return
	}
	over, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	b.show(over, w, *last, overState, false)
}

// overState is what stands below an answer that was kept up to date.
const overState = "no longer kept up to date"

// askAgain says the line once more, as who asked is now; ok is false if they may
// not any more.
func (b *Bot) askAgain(ctx context.Context, w *watched) (reply commands.Reply, ok bool) {
	o := w.occasion
	caller, err := b.MemberIn(ctx, o.caller.Guild, o.channel, o.caller.ID)
	if err != nil {
		b.log.Info("an answer is no longer kept up to date", zap.String("message", w.message), zap.Error(err))
		return reply, false
	}
	reply = b.ask(ctx, commands.Request{ID: o.id, Text: w.how.Line, Caller: caller, Mentioned: true, Redact: b.options.Redact, Again: true})
	return reply, reply.Outcome != commands.Denied && ctx.Err() == nil
}

// show puts a reply in a message's place; ok is false once that is gone.
func (b *Bot) show(ctx context.Context, w *watched, reply commands.Reply, state string, goesOn bool) (ok bool) {
	reply.Footer = fmt.Sprintf("as of %s UTC, %s", time.Now().UTC().Format("15:04:05"), state)
	a := b.compose(w.occasion, reply)
	if goesOn && len(a.rows) < maxRows {
		a.rows = append(a.rows, row{Type: componentRow, Buttons: []button{
			{Type: componentButton, Style: styleSecondary, Label: "Stop", CustomID: unwatchPrefix + w.occasion.channel},
		}})
	}
	err := b.editTo(ctx, w.occasion.channel, w.message, a)
	if err != nil && ctx.Err() == nil {
		b.log.Debug("an answer could not be kept up to date", zap.String("message", w.message), zap.Error(err))
	}
	return !hasCode(err, codeUnknownMessage)
}

// unwatchPrefix begins the custom id of the button that ends a watch.
const unwatchPrefix = "unwatch:"

// unwatch ends the watch of a channel, if the presser may: who asked, and whoever
// administrates the server.
func (b *Bot) unwatch(ctx context.Context, p *press, channel string) {
	b.noteClick(p, "end of watch")
	w := b.watches.find(channel)
	if w == nil {
		p.whisper(ctx, "This is not kept up to date any more.")
		return
	}
	owner := w.occasion.caller.ID
	if p.Member.User.ID != owner && p.Member.Permissions&discordgo.PermissionAdministrator == 0 {
		p.whisper(ctx, fmt.Sprintf("Only <@%s>, who asked, and administrators of this server may stop it.", owner))
		return
	}
	p.deferAnswer(ctx)
	w.stop()
}
