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

	"github.com/helix-collective/helix/commands"
)

// program is a running command as its channel sees it: as typing first, and if
// it takes long as a message that says how far it is and can stop it. The
// answer takes that message's place.
type program struct {
	bot      *Bot
	asked    *discordgo.Message
	progress *commands.Progress
	stop     context.CancelFunc
	began    time.Time

	mu      sync.Mutex // held while Discord is told of a change
	message string     // the id of the message that shows it; empty: there is none
	over    bool       // it has ended or been stopped: only the answer may still change the message
}

// follow runs a program and shows it meanwhile. It answers the message that
// shows it, if it took long enough for one.
func (b *Bot) follow(work context.Context, asked *discordgo.Message, run func(context.Context, *commands.Progress) commands.Reply) (reply commands.Reply, message string) {
	ctx, stop := context.WithCancel(work)
	defer stop()
	p := &program{bot: b, asked: asked, progress: &commands.Progress{}, stop: stop, began: time.Now()}
	b.programs.add(p)
	defer b.programs.remove(p)

	showing, hide := context.WithCancel(work)
	var shows sync.WaitGroup
	shows.Go(func() { p.typing(showing) })
	shows.Go(func() { p.show(showing, work) })
	reply = run(ctx, p.progress)
	hide()
	shows.Wait()
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
func (p *program) typing(ctx context.Context) {
	for wait := p.bot.options.Timing.TypingFrom; pause(ctx, wait) == nil; wait = typingLasts {
		// A channel where typing fails will say so when the answer does.
		_ = p.bot.rest.do(ctx, call{method: http.MethodPost, path: "/channels/" + p.asked.ChannelID + "/typing", once: true}, nil)
	}
}

// show posts the message once the program takes long, and keeps it up to date.
// work, not showing, bounds the post: a message whose id nobody has heard of
// could not be taken away again.
func (p *program) show(showing, work context.Context) {
	timing := p.bot.options.Timing
	if pause(showing, timing.ProgressFrom) != nil {
		return
	}
	if !p.post(work) {
		return
	}
	for pause(showing, timing.ProgressEvery) == nil {
		p.edit(showing)
	}
}

func (p *program) post(ctx context.Context) (ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := outgoing{
		Content: p.text(), Mentions: nobody(), Flags: flagNoEmbeds, Rows: stopper(p.asked.ID, false),
		Reference: &reference{MessageID: p.asked.ID},
		Nonce:     nonce(turnOf(p.asked) + " progress"), EnforceNonce: true,
	}
	var posted struct {
		ID string `json:"id"`
	}
	err := p.bot.postFor(ctx, p.asked.ChannelID, out, nil, &posted)
	if err != nil {
		p.bot.log.Debug("progress could not be shown", zap.String("message", p.asked.ID), zap.Error(err))
		return false
	}
	p.message = posted.ID
	return true
}

func (p *program) edit(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return
	}
	err := p.bot.rest.do(ctx, call{
		method: http.MethodPatch, path: "/channels/" + p.asked.ChannelID + "/messages/" + p.message,
		body: edited{Content: p.text(), Mentions: nobody(), Rows: stopper(p.asked.ID, false), Attachments: []attachment{}}, once: true,
	}, nil)
	if err != nil && ctx.Err() == nil {
		p.bot.log.Debug("progress could not be shown", zap.String("message", p.asked.ID), zap.Error(err))
	}
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

// programs are those that run, by the message that asked.
type programs struct {
	mu      sync.Mutex
	running map[string]*program
}

func (ps *programs) add(p *program) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	ps.running[p.asked.ID] = p
}

func (ps *programs) remove(p *program) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.running, p.asked.ID)
}

func (ps *programs) find(asked string) *program {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.running[asked]
}

// stopPrefix begins the custom id of a button that stops a program.
const stopPrefix = "stop:"

func stopper(asked string, useless bool) []row {
	return []row{{Type: componentRow, Buttons: []button{
		{Type: componentButton, Style: styleDanger, Label: "Stop", CustomID: stopPrefix + asked, Disabled: useless},
	}}}
}

// stopProgram stops the program that asked's message started, if the presser
// may: who asked, and whoever administrates the server.
func (b *Bot) stopProgram(ctx context.Context, i *discordgo.Interaction, asked string) {
	b.noteClick(i, "stop of "+asked)
	p := b.programs.find(asked)
	if p == nil {
		b.whisper(ctx, i, "This command is not running any more.")
		return
	}
	presser := i.Member
	if presser == nil || presser.User == nil ||
		presser.User.ID != p.asked.Author.ID && presser.Permissions&discordgo.PermissionAdministrator == 0 {
		b.whisper(ctx, i, fmt.Sprintf("Only <@%s>, who asked, and administrators of this server may stop it.", p.asked.Author.ID))
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		b.whisper(ctx, i, "This command is not running any more.")
		return
	}
	p.over = true
	// Told first: the answer that follows the stop takes the message's place.
	b.callBack(ctx, i, callback{Type: callbackUpdate, Data: outgoing{
		Content: p.text() + "\nStopping…", Mentions: nobody(), Rows: stopper(asked, true),
	}})
	if !p.progress.EndViews() {
		p.stop()
		return
	}
	time.AfterFunc(viewEnds, p.stop)
}

// viewEnds is how long a program whose live view was stopped may still take to
// answer what was seen.
const viewEnds = 2 * time.Second
