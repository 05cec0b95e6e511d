package commands

import (
	"fmt"
	"strings"
	"testing"

	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/lease"
	"github.com/helix-collective/helix/settings"
)

func TestWhatPassesIsSaidInWords(t *testing.T) {
	d := &Dispatcher{Options: Options{Settings: settings.Open(t.Context(), redistest.Any(t).Client(), settings.Defaults())}}
	for text, says := range map[string]string{
		"CLUSTERDOWN Hash slot not served":                        "not whole",
		"CLUSTERDOWN The cluster is down":                         "not whole",
		"MASTERDOWN Link with MASTER is down":                     "has lost its master",
		"TRYAGAIN Multiple keys request during rehashing of slot": "Try again in a moment",
		"MOVED 12182 127.0.0.1:7002":                              "redis+cluster://",
		"LOADING Redis is loading the dataset in memory":          "still loading",
		"NOREPLICAS Not enough good replicas to write.":           "NOREPLICAS",
	} {
		reply, ok := d.asConnection(&change.ServerError{Text: text})
		if !ok || reply.Outcome != Unreachable || !strings.Contains(reply.Problem, says) {
			t.Errorf("%s: %+v", text, reply)
		}
	}
}

// What was begun with the right to speak and ended without, to be answered since it
// came back, is no fault of anybody's.
func TestARightThatCameBackIsSaidInWords(t *testing.T) {
	d := &Dispatcher{Options: Options{Settings: settings.Open(t.Context(), redistest.Standalone(t).Client(), settings.Defaults())}}
	err := fmt.Errorf("read the server's command table: %w", lease.ErrSilent)
	if reply := d.answer(err); reply.Outcome != Unreachable || !strings.Contains(reply.Problem, "Nothing was changed; send it again.") {
		t.Errorf("%+v", reply)
	}
	if reply := d.answer(&midwayError{err}); reply.Outcome != Unreachable || !strings.Contains(reply.Problem, "in the middle of the change.") {
		t.Errorf("%+v", reply)
	}
}
