package discordtest

import "time"

// Option changes how New sets up a Discord.
type Option func(*options)

type options struct {
	botName    string
	botID      string
	token      string
	now        func() time.Time
	patience   time.Duration
	heartbeat  time.Duration
	disallowed Intent
}

func newOptions(opts []Option) options {
	o := options{
		botName:   "helix",
		token:     "test.token.of-the-bot",
		now:       time.Now,
		patience:  30 * time.Second,
		heartbeat: 41250 * time.Millisecond,
	}
	for _, set := range opts {
		set(&o)
	}
	return o
}

// WithBotName names the bot's user; "helix" otherwise.
func WithBotName(name string) Option { return func(o *options) { o.botName = name } }

// WithBotID sets the id of the bot's user, and so its application's; every Discord
// gives the same one otherwise.
func WithBotID(id string) Option { return func(o *options) { o.botID = id } }

// WithToken sets the only token that Discord accepts.
func WithToken(token string) Option { return func(o *options) { o.token = token } }

// WithClock sets Discord's clock, by which messages are dated, interactions
// expire and rate limits reset.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// WithPatience sets how long Sees and its like wait; 10 s otherwise.
func WithPatience(limit time.Duration) Option { return func(o *options) { o.patience = limit } }

// WithHeartbeat sets the heartbeat interval that the gateway asks for; Discord's
// own 41.25 s otherwise.
func WithHeartbeat(interval time.Duration) Option {
	return func(o *options) { o.heartbeat = interval }
}

// WithoutIntents switches privileged intents off in the application's settings:
// a bot that identifies with one of them is turned away with close code 4014.
func WithoutIntents(privileged Intent) Option {
	return func(o *options) { o.disallowed = privileged }
}
