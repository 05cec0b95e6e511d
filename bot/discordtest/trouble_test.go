package discordtest_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/helix-collective/helix/bot/discordtest"
)

func TestRateLimits(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Text("#dev")
	d.Limit("create_message", 2, 5*time.Second)
	say := func(channel string) (int, http.Header) {
		t.Helper()
		req, err := http.NewRequest("POST", d.URL()+"/channels/"+acme.ChannelID(channel)+"/messages", strings.NewReader(`{"content":"hi"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bot "+d.Token())
		req.Header.Set("User-Agent", "DiscordBot (https://example.org, 1)")
		req.Header.Set("Content-Type", "application/json")
		transport := &http.Transport{DisableKeepAlives: true}
		resp, err := transport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp.StatusCode, resp.Header
	}
	for _, tc := range []struct {
		channel   string
		status    int
		remaining string
	}{
		{"#ops", 200, "1"}, {"#ops", 200, "0"}, {"#ops", 429, "0"}, {"#dev", 200, "1"},
	} {
		status, header := say(tc.channel)
		if status != tc.status || header.Get("X-RateLimit-Remaining") != tc.remaining || header.Get("X-RateLimit-Limit") != "2" {
			t.Errorf("%s: status %d, want %d, headers %v", tc.channel, status, tc.status, header)
		}
		if status == 429 && (header.Get("Retry-After") == "" || header.Get("X-RateLimit-Scope") != "user") {
			t.Errorf("429 with headers %v", header)
		}
	}
	d.Advance(5 * time.Second)
	if status, _ := say("#ops"); status != 200 {
		t.Errorf("after the period: %d", status)
	}
	d.LimitGlobally(1, time.Second)
	say("#dev")
	if status, header := say("#ops"); status != 429 || header.Get("X-RateLimit-Global") != "true" {
		t.Errorf("beyond the global limit: %d %v", status, header)
	}
}

func TestTheClientWaitsForItsLimit(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops")
	s := client(t, d)
	d.FailNext("create_message", discordtest.TooMany(30*time.Millisecond), discordtest.TooManyGlobally(30*time.Millisecond))
	begun := time.Now()
	if _, err := s.ChannelMessageSend(acme.ChannelID("#ops"), "hi"); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took < 60*time.Millisecond {
		t.Errorf("it waited %v", took)
	}
	var statuses []int
	for _, r := range d.RequestsTo("create_message") {
		statuses = append(statuses, r.Status)
	}
	if len(statuses) != 3 || statuses[0] != 429 || statuses[1] != 429 || statuses[2] != 200 {
		t.Errorf("statuses = %v", statuses)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		fault  discordtest.Fault
		status int // 0: no answer at all
		posted int
	}{
		{"a 500", discordtest.Status(500), 500, 0},
		{"a 502 after the fact", discordtest.Applied(discordtest.Status(502)), 502, 1},
		{"a cut", discordtest.Drop(), 0, 0},
		{"a cut after the fact", discordtest.Applied(discordtest.Drop()), 0, 1},
		{"a delay", discordtest.Delay(20 * time.Millisecond), 200, 1},
		{"a page", discordtest.TooManyHTML(time.Second), 429, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := discordtest.New(t)
			acme := d.Guild("Acme").Text("#ops")
			s := client(t, d)
			s.MaxRestRetries = 0
			s.ShouldRetryOnRateLimit = false
			d.FailNext("create_message", tc.fault)
			_, err := s.ChannelMessageSend(acme.ChannelID("#ops"), "hi")
			if (err == nil) != (tc.status == 200) {
				t.Errorf("error = %v", err)
			}
			if sent := d.RequestsTo("create_message"); len(sent) != 1 || sent[0].Status != tc.status {
				t.Errorf("requests = %+v", sent)
			}
			if got := len(acme.In("#ops").Messages()); got != tc.posted {
				t.Errorf("%d messages posted, want %d", got, tc.posted)
			}
			if _, err := s.ChannelMessageSend(acme.ChannelID("#ops"), "hi"); err != nil {
				t.Errorf("the fault outlived its request: %v", err)
			}
		})
	}
}

func TestAFaultOfAnyOperation(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	s := client(t, d)
	d.FailNext("", discordtest.Status(503))
	var refused *discordgo.RESTError
	if _, err := s.User("@me"); !errors.As(err, &refused) || refused.Response.StatusCode != 503 {
		t.Errorf("error = %v", err)
	}
}

func TestADelayEndsWithTheTest(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	s := client(t, d)
	d.FailNext("get_my_user", discordtest.Delay(time.Hour))
	failed := make(chan error)
	go func() {
		_, err := s.User("@me", discordgo.WithContext(context.Background()))
		failed <- err
	}()
	d.AwaitRequests("get_my_user", 1)
	d.Close()
	if err := <-failed; err == nil {
		t.Error("the request was answered")
	}
}
