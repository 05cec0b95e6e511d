package bot

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/clock"
	"github.com/helix-collective/helix/commands"
)

// program is a running command as its channel sees it: as typing first, and if
// it takes long as a message that says how far it is and can stop it. The
// answer takes that message's place.
type program struct {
	bot      *Bot
	occasion occasion
	progress *commands.Progress
	work     context.Context // that it is part of
	ctx      context.Context // ends when it is stopped, too
	stop     context.CancelFunc
	showing  context.Context // ends when it is no longer shown
	hide     context.CancelFunc
	began    time.Time

	mu      sync.Mutex // held while Discord is told of a change
	message string     // the id of the message that shows it; empty: there is none
	over    bool       // it has ended or been stopped: only the answer may still change the message
}

// begin makes a program that can be stopped from now on; it has to be followed.
// shown is the message that shows it, if there is one already.
func (b *Bot) begin(work context.Context, o occasion, shown string, progress *commands.Progress) *program {
	ctx, stop := context.WithCancel(work)
	p := &program{
		bot: b, occasion: o, progress: progress, message: shown,
		work: work, ctx: ctx, stop: stop, began: time.Now(),
	}
	p.showing, p.hide = context.WithCancel(work)
	b.programs.add(p)
	return p
}

// follow runs a program and shows it meanwhile. It answers the message that
// shows it, if it took long enough for one.
func (p *program) follow(run func(context.Context) commands.Reply) (reply commands.Reply, message string) {
	defer p.stop()
	defer p.bot.programs.remove(p)
	defer p.hide()
	var shows sync.WaitGroup
	if p.message == "" && p.occasion.press == nil { // a command shows that by itself
		shows.Go(p.typing)
	}
	shows.Go(p.show)
	reply = run(p.ctx)
	p.hide()
	shows.Wait()
	if p.work.Err() != nil && reply.Outcome == commands.Cancelled {
		reply.Hints = append(reply.Hints, "Helix is being stopped or started anew.")
	}
	return reply, p.end()
}

// end takes the message over for the answer.
func (p *program) end() (message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	return p.message
}

// typingLasts is for how long Discord shows one notice of typing, less what
// the next one takes to arrive.
const typingLasts = 8 * time.Second

// typing shows the program as typing, again and again.
func (p *program) typing() {
	c := call{method: http.MethodPost, path: "/channels/" + p.occasion.channel + "/typing", once: true, background: true}
	for wait := p.bot.options.Timing.TypingFrom; clock.Sleep(p.showing, wait) == nil; wait = typingLasts {
		// A channel where typing fails will say so when the answer does.
		_ = p.bot.rest.do(p.showing, c, nil)
	}
}

// show posts the message once the program takes long, unless it has one, and
// keeps it up to date. The work, not showing, bounds the post: a message whose
// id nobody has heard of could not be taken away again.
func (p *program) show() {
	timing := p.bot.options.Timing
	if clock.Sleep(p.showing, timing.ProgressFrom) != nil {
		return
	}
	if p.message == "" && !p.post(p.work) {
		return
	}
	for clock.Sleep(p.showing, timing.ProgressEvery) == nil {
		p.edit()
	}
}

func (p *program) post(ctx context.Context) (ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := outgoing{
		Content: p.text(), Mentions: nobody(), Flags: flagNoEmbeds, Rows: stopper(p.occasion.id, false),
		Reference: p.occasion.reference(),
		Nonce:     nonce(p.occasion.id + " progress"), EnforceNonce: true,
	}
	var posted struct {
		ID string `json:"id"`
	}
	var err error
	if press := p.occasion.press; press != nil {
		posted.ID, err = press.showInPlace(ctx, p.running())
	} else {
		err = p.bot.postFor(ctx, p.occasion.channel, out, nil, &posted)
	}
	if err != nil {
		p.bot.log.Debug("progress could not be shown", zap.String("message", p.occasion.message), zap.Error(err))
		return false
	}
	p.message = posted.ID
	return true
}

func (p *program) edit() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	c := p.occasion.edit(p.message)
	c.body, c.once, c.background, c.supersedes = p.running().inPlace(), true, true, true
	err := p.bot.rest.do(p.showing, c, nil)
	if err != nil && p.showing.Err() == nil {
		p.bot.log.Debug("progress could not be shown", zap.String("message", p.occasion.message), zap.Error(err))
	}
}

// running is what the message shows, with a button that stops the program.
func (p *program) running() answer {
	return answer{content: p.text(), rows: stopper(p.occasion.id, false)}
}

// text says how far the program is.
func (p *program) text() string {
	text := "Running · " + time.Since(p.began).Round(time.Second).String()
	if percent, ok := p.progress.Percent(); ok {
		text += "\n`" + bar(percent) + "`"
	}
	far := p.progress.String()
	if far != "" {
		far = "\n-# " + far
	}
	return text + lately(p.progress.Tail(), maxContent-width(text)-width(far)-statusRoom) + far
}

// statusRoom is kept for what may be said below.
const statusRoom = 50

// maxTailLine is how much of a line of a live view is shown while it runs.
const maxTailLine = 170

// lately shows the last lines of a live view, as many as there is room for.
func lately(lines []string, room int) string {
	for i, l := range lines {
		lines[i] = clip(visible(l), maxTailLine)
	}
	for ; len(lines) > 0; lines = lines[1:] {
		block, rest := cutPage(strings.Join(lines, "\n"), room-len("\n"))
		if rest == "" {
			return "\n" + block
		}
	}
	return ""
}

// barWidth is how many characters a bar has: few enough for one line of a phone.
const barWidth = 20

func bar(percent int) string {
	full := barWidth * percent / 100
	return strings.Repeat("█", full) + strings.Repeat("░", barWidth-full)
}

// programs are those that run, by their occasion.
type programs struct {
	mu      sync.Mutex
	running map[string]*program
}

func (ps *programs) add(p *program) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.running[p.occasion.id] = p
}

func (ps *programs) remove(p *program) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.running, p.occasion.id)
}

func (ps *programs) find(occasion string) *program {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.running[occasion]
}

// stopPrefix begins the custom id of a button that stops a program.
const stopPrefix = "stop:"

func stopper(occasion string, useless bool) []row {
	return []row{{Type: componentRow, Buttons: []button{
		{Type: componentButton, Style: styleDanger, Label: "Stop", CustomID: stopPrefix + occasion, Disabled: useless},
	}}}
}

// stopProgram stops the program of an occasion, if the presser may: who asked or
// confirmed, and whoever administrates the server.
func (b *Bot) stopProgram(ctx context.Context, pressed *press, occasion string) {
	b.noteClick(pressed, "stop of "+occasion)
	p := b.programs.find(occasion)
	if p == nil {
		pressed.whisper(ctx, "This command is not running any more.")
		return
	}
	presser, owner := pressed.Member, p.occasion.caller.ID
	if presser.User.ID != owner && presser.Permissions&discordgo.PermissionAdministrator == 0 {
		pressed.whisper(ctx, fmt.Sprintf("Only <@%s>, who asked, and administrators of this server may stop it.", owner))
		return
	}
	p.hide() // an edit that waits for Discord holds the lock
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		pressed.whisper(ctx, "This command is not running any more.")
		return
	}
	p.over = true
	// Told first: the answer that follows the stop takes the message's place.
	pressed.update(ctx, answer{content: p.text() + "\nStopping…", rows: stopper(occasion, true)})
	if !p.progress.EndViews() {
		p.stop()
		return
	}
	time.AfterFunc(viewEnds, p.stop)
}

// viewEnds is how long a program whose live view was stopped may still take to
// answer what was seen.
const viewEnds = 2 * time.Second
