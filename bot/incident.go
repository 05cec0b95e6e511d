package bot

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/commands"
)

// Incidents is what incidents are shown with. Channel is needed.
type Incidents struct {
	Channel func() string // the ops channel; may change, and be empty
	Role    func() string // that critical incidents ring; empty: none
	Prefix  func() string // of messages for Helix

	// Diagnose answers what the guide would look at, a line each; it may take
	// seconds. Steps are the guide's solutions. Chart draws the last hour as a PNG,
	// nil where there is nothing to draw. Each of them may be nil.
	Diagnose func(ctx context.Context, in alerts.Incident) []string
	Steps    func(in alerts.Incident) []commands.Offer
	Chart    func(ctx context.Context, in alerts.Incident) ([]byte, error)
}

// Notifier shows incidents in the ops channel: a message for each, edited in
// place, with a chart, the diagnosis, buttons and a thread for its history. It is
// an alerts.Notifier. The buttons say lines that could be typed as well, so they
// work for as long as the message stands, and take the same rights.
type Notifier struct {
	bot  *Bot
	with Incidents

	mu        sync.Mutex
	diagnosed map[string][]string // by the incident
	histories map[string]string   // the message that holds the history, by the incident
}

// Notifier answers one that shows incidents through b.
func (b *Bot) Notifier(with Incidents) *Notifier {
	return &Notifier{bot: b, with: with, diagnosed: make(map[string][]string), histories: make(map[string]string)}
}

// Show makes the message of an incident, or edits it.
func (n *Notifier) Show(ctx context.Context, in alerts.Incident) (alerts.Place, error) {
	channel := n.with.Channel()
	if channel == "" {
		return alerts.Place{}, ErrNoOpsChannel
	}
	a := n.picture(ctx, in)
	place := alerts.Place{Message: in.Delivery.Message, Thread: in.Delivery.Thread}
	var err error
	if place.Message == "" {
		place.Message, err = n.post(ctx, channel, in, a)
	} else {
		err = n.edit(ctx, channel, place.Message, a)
	}
	if err != nil {
		return alerts.Place{}, err
	}
	place.Thread = n.keepHistory(ctx, channel, place, in)
	n.forget(in)
	return place, nil
}

// picture is an incident as a message, its chart included.
func (n *Notifier) picture(ctx context.Context, in alerts.Incident) answer {
	a := answer{content: incidentText(in, n.diagnosis(ctx, in), n.bot.options.Now()), rows: n.buttons(in)}
	if n.with.Chart == nil {
		return a
	}
	chart, err := n.with.Chart(ctx, in)
	if err != nil {
		n.bot.log.Warn("a chart could not be drawn", zap.String("incident", in.ID), zap.Error(err))
	}
	if len(chart) > 0 {
		a.files = []file{{name: chartName, data: chart, picture: true}}
		a.attachments = []attachment{{ID: "0", Filename: chartName}}
	}
	return a
}

const chartName = "last-hour.png"

// post makes the message. Where files may not be attached it does without.
func (n *Notifier) post(ctx context.Context, channel string, in alerts.Incident, a answer) (message string, err error) {
	var posted struct {
		ID string `json:"id"`
	}
	ring, whom := n.ringing(in)
	send := func(a answer, nonce string) error {
		return n.bot.postFor(ctx, channel, outgoing{
			Content: ring + a.content, Mentions: whom, Flags: flagNoEmbeds, Rows: a.rows, Attachments: a.attachments,
			Nonce: nonce, EnforceNonce: true,
		}, a.files, &posted)
	}
	err = send(a, in.Nonce())
	if len(a.files) > 0 && refusesFile(err) {
		a.files, a.attachments = nil, nil
		err = send(a, in.Nonce())
	}
	if err != nil {
		return "", fmt.Errorf("show incident %s: %w", in.ID, err)
	}
	return posted.ID, nil
}

func (n *Notifier) edit(ctx context.Context, channel, message string, a answer) error {
	err := n.bot.editTo(ctx, channel, message, a)
	if len(a.files) > 0 && refusesFile(err) {
		a.files, a.attachments = nil, nil
		err = n.bot.editTo(ctx, channel, message, a)
	}
	if hasCode(err, codeUnknownMessage) {
		return alerts.ErrGone
	}
	return err
}

// ringing answers the words that ring, and whom they may: the role of those on
// call for what is critical. A drill rings as well, or it would prove nothing.
func (n *Notifier) ringing(in alerts.Incident) (words string, whom mentions) {
	role := n.with.Role()
	if role == "" || in.Severity != alerts.Critical || !in.Rings() {
		return "", nobody()
	}
	return "<@&" + role + "> ", mentions{Parse: []string{}, Roles: []string{role}}
}

// Ring calls anew for an incident that is shown: in a message of its own, for an
// edit rings nobody.
func (n *Notifier) Ring(ctx context.Context, in alerts.Incident) error {
	channel := n.with.Channel()
	if channel == "" {
		return ErrNoOpsChannel
	}
	words, whom := n.ringing(in)
	if in.Ring.Occasion == alerts.Reminded && in.Owner != nil && isID(in.Owner.ID) {
		words, whom = "<@"+in.Owner.ID+"> ", mentions{Parse: []string{}, Users: []string{in.Owner.ID}}
	}
	return n.bot.post(ctx, channel, outgoing{
		Content: words + occasionText(in, n.bot.options.Now()), Mentions: whom, Flags: flagNoEmbeds,
		Reference: &reference{MessageID: in.Delivery.Message}, Nonce: in.RingNonce(), EnforceNonce: true,
	}, nil)
}

// Announce tells of a silence's start or end.
func (n *Notifier) Announce(ctx context.Context, s alerts.Silence) error {
	channel := n.with.Channel()
	if channel == "" {
		return ErrNoOpsChannel
	}
	return n.bot.post(ctx, channel, outgoing{
		Content: clip(silenceText(s, n.bot.options.Now()), maxContent), Mentions: nobody(), Flags: flagNoEmbeds,
		Nonce: s.Nonce(), EnforceNonce: true,
	}, nil)
}

// Shown answers the messages of incidents among the latest of the channel. Their
// threads are found when they are written to.
func (n *Notifier) Shown(ctx context.Context) ([]alerts.Shown, error) {
	channel := n.with.Channel()
	if channel == "" {
		return nil, nil
	}
	var latest []struct {
		ID     string `json:"id"`
		Author struct {
			ID string `json:"id"`
		} `json:"author"`
		Rows []struct {
			Components []struct {
				CustomID string `json:"custom_id"`
			} `json:"components"`
		} `json:"components"`
	}
	err := n.bot.rest.do(ctx, call{method: http.MethodGet, path: "/channels/" + channel + "/messages?limit=100"}, &latest)
	if hasCode(err, codeMissingAccess, codeMissingRights) {
		return nil, nil // it may not be read; what Redis knows is all there is
	}
	if err != nil {
		return nil, fmt.Errorf("look for incidents in the ops channel: %w", err)
	}
	me := n.bot.Status().UserID
	var found []alerts.Shown
	for _, m := range latest {
		if m.Author.ID != me {
			continue
		}
		s := alerts.Shown{Place: alerts.Place{Message: m.ID}}
		for _, r := range m.Rows {
			for _, c := range r.Components {
				s = n.recognise(s, c.CustomID)
			}
		}
		if s.ID != "" {
			found = append(found, s)
		}
	}
	return found, nil
}

// recognise takes in what a button of a message tells: the lines that they say
// name the incident, and only an open one can be acknowledged.
func (n *Notifier) recognise(s alerts.Shown, custom string) alerts.Shown {
	line, ok := strings.CutPrefix(custom, sayPrefix+n.with.Prefix()+"alerts ")
	if !ok {
		return s
	}
	form, id, _ := strings.Cut(line, " ")
	at := strings.LastIndexByte(id, '-')
	if at <= 0 {
		return s
	}
	s.ID, s.Rule = id, id[:at]
	s.Open = s.Open || form == "ack" || form == "unack"
	return s
}

// diagnosis answers what was found for an incident when it was shown first.
func (n *Notifier) diagnosis(ctx context.Context, in alerts.Incident) []string {
	n.mu.Lock()
	lines, known := n.diagnosed[in.ID]
	n.mu.Unlock()
	if known || n.with.Diagnose == nil || !in.Open() {
		return lines
	}
	lines = n.with.Diagnose(ctx, in)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.diagnosed[in.ID] = lines
	return lines
}

// forget drops what was kept for an incident that is over.
func (n *Notifier) forget(in alerts.Incident) {
	if in.Open() {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.diagnosed, in.ID)
	delete(n.histories, in.ID)
}

// isID reports whether a text is an id of Discord.
func isID(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}
