package commands_test

import (
	"context"
	"strings"
	"testing"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
)

// TestAReplyNamesWhatNoReplicaHas, also where no plan was shown.
func TestAReplyNamesWhatNoReplicaHas(t *testing.T) {
	master := redistest.Standalone(t, "--repl-diskless-sync-delay", "0")
	replica := redistest.Standalone(t, "--replicaof", strings.Replace(master.Addr, ":", " ", 1))
	redistest.Eventually(t, "the replica is in step", func(ctx context.Context) bool {
		return strings.Contains(master.Client().Info(ctx, "replication").Val(), "state=online")
	})
	s := newStage(t, master.URL(), map[string]string{"people": "ann: owner", "audit": ""})
	says := func(line string) string {
		reply := s.dispatcher.Handle(t.Context(), commands.Request{Text: line, Caller: s.people["ann"]})
		return reply.Problem + strings.Join(reply.Hints, "\n")
	}
	const key, setting = "!redis set k v", "!config set redis.max_sessions_per_user=7"
	for _, line := range []string{key, setting} {
		if told := says(line); strings.Contains(told, "replica") {
			t.Errorf("%s: %s", line, told)
		}
	}
	replica.Pause()
	for line, want := range map[string]string{key: "Not every replica has confirmed the last 1 command yet", "!config set redis.max_sessions_per_user=8": "Not every replica has this yet"} {
		if told := says(line); !strings.Contains(told, want) {
			t.Errorf("%s: %s", line, told)
		}
	}
}
