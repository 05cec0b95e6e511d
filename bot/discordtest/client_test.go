package discordtest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"go.uber.org/goleak"

	"github.com/helix-collective/helix/bot/discordtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// everything is what a bot like ours identifies with.
const everything = discordgo.IntentsAllWithoutPrivileged | discordgo.IntentMessageContent | discordgo.IntentGuildMembers

// redirect sends what is meant for Discord to the fake, as version 10.
type redirect struct {
	base *url.URL
	next http.RoundTripper
}

func (r redirect) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	_, operation, _ := strings.Cut(req.URL.Path, "/api/v9")
	req.URL.Scheme, req.URL.Host, req.URL.Path = r.base.Scheme, r.base.Host, r.base.Path+operation
	req.URL.RawPath = ""
	req.Host = r.base.Host
	return r.next.RoundTrip(req)
}

// client is a real discordgo session that talks to the fake, not yet open.
func client(t *testing.T, d *discordtest.Discord) *discordgo.Session {
	t.Helper()
	base, err := url.Parse(d.URL())
	if err != nil {
		t.Fatal(err)
	}
	s, err := discordgo.New("Bot " + d.Token())
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	s.Client = &http.Client{Transport: redirect{base, transport}, Timeout: 20 * time.Second}
	s.ShouldReconnectOnError = false
	s.Identify.Intents = everything
	s.LogLevel = -1
	return s
}

// open connects a session and closes it with the test.
func open(t *testing.T, d *discordtest.Discord, s *discordgo.Session) {
	t.Helper()
	if err := s.Open(); err != nil {
		t.Fatalf("open: %v", err)
	}
	t.Cleanup(func() { d.Close(); s.Close() })
	d.Gateway().AwaitReady(1)
}

// echo answers every message of a person with the same words.
func echo(s *discordgo.Session) {
	s.AddHandler(func(s *discordgo.Session, m *discordgo.MessageCreate) {
		if m.Author == nil || m.Author.Bot {
			return
		}
		s.ChannelMessageSendComplex(m.ChannelID, &discordgo.MessageSend{
			Content:         "echo: " + m.Content,
			Reference:       m.Reference(),
			AllowedMentions: &discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}},
		})
	})
}

func TestConversation(t *testing.T) {
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Role("oncall").Join("ann", "oncall")
	s := client(t, d)
	echo(s)
	open(t, d, s)

	asked := acme.As("ann").Says("#ops", "!redis dbsize")
	reply := asked.Sees("echo: !redis dbsize")
	if reply.Author != "helix" || len(reply.Pings) != 0 {
		t.Errorf("reply = %+v", reply)
	}
	acme.In("#ops").SeesNothing(50 * time.Millisecond)
}
