package bot

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
	"go.uber.org/zap"
)

func TestJudge(t *testing.T) {
	closed := func(code int) error { return fmt.Errorf("open: %w", &websocket.CloseError{Code: code}) }
	for _, c := range []struct {
		name  string
		err   error
		fatal string // "" where the bot connects again
	}{
		{"nothing", nil, ""},
		{"a lost connection", errors.New("EOF"), ""},
		{"an unknown error", closed(4000), ""},
		{"a rate limit", closed(4008), ""},
		{"the token", closed(4004), "refuses the token"},
		{"the token over REST", &apiError{Status: http.StatusUnauthorized}, "refuses the token"},
		{"a fault over REST", &apiError{Status: http.StatusBadGateway}, ""},
		{"too many servers for one connection", closed(4011), "raise discord.shards"},
		{"intents that nobody has", closed(4013), "4013"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := idle(t)
			err := b.judge(c.err, true)
			var fatal *FatalError
			if errors.As(err, &fatal) != (c.fatal != "") || c.fatal != "" && !strings.Contains(err.Error(), c.fatal) {
				t.Errorf("it answers %v, want %q", err, c.fatal)
			}
		})
	}
}

// Without the privileged intent there is one more try, with fewer intents.
func TestJudgeOfRefusedIntents(t *testing.T) {
	b := idle(t)
	refused := &websocket.CloseError{Code: closeIntentsRefused}
	if err := b.judge(refused, true); err != nil || !b.Status().NoContent {
		t.Fatalf("the first refusal answers %v", err)
	}
	var fatal *FatalError
	if err := b.judge(refused, false); !errors.As(err, &fatal) {
		t.Errorf("the second refusal answers %v", err)
	}
}

// idle is a bot that is never run.
func idle(t *testing.T) *Bot {
	t.Helper()
	b, err := New(Options{Token: "token", Log: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
