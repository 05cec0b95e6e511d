package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/internal/redistest"
)

func TestExecIsAudited(t *testing.T) {
	const key, secret = "a-key-that-is-shown-nowhere", "hunter2-planted"
	server, dir := redistest.Any(t), t.TempDir()
	env := []string{"REDIS_URL=" + server.URL(), "HELIX_AUDIT_KEY=" + key, "DISCORD_TOKEN=" + secret}
	config := writeFile(t, dir, "roles.yaml", testRoles)
	runHelixIn(t, dir, env, "", "exec", "!config set redis.session_ttl=7200", "!config set redis.session_ttl=7200 && echo "+secret, "!redis auth other-"+secret, "!redis dbsize")
	runHelixIn(t, dir, env, "", "exec", "--config", config, "--role", "reader", "!redis flushdb")

	got := runHelixIn(t, dir, env, "", "exec", "!audit", "!audit verify")
	for _, want := range []string{
		"local terminal ok !config set redis.session_ttl=7200\n",
		"local terminal ok !config set redis.session_ttl=7200 && echo •••\n",
		"local terminal denied !redis auth •••\n",
		"local terminal denied !redis flushdb\n",
		"Intact from record 1 (",
	} {
		if !strings.Contains(got.stdout, want) {
			t.Errorf("%q is not in\n%s%s", want, got.stdout, got.stderr)
		}
	}
	if strings.Contains(got.stdout, "dbsize") {
		t.Errorf("what was only read at the terminal is recorded: %s", got.stdout)
	}
	stored, err := server.Client().XRange(t.Context(), "{helix}:audit", "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(stored)
	if err != nil || strings.Contains(string(text), secret) || strings.Contains(string(text), key) {
		t.Errorf("stored: %s, %v", text, err)
	}
	if !strings.Contains(string(text), `\"roles\":[\"reader\"]`) {
		t.Errorf("no roles are stored: %s", text)
	}
}

// On one server, which is made a replica.
func TestRecordsWaitInTheStateDirectory(t *testing.T) {
	server, dir := redistest.Standalone(t), t.TempDir()
	state := filepath.Join(dir, "state")
	env := []string{"REDIS_URL=" + server.URL(), "HELIX_STATE_DIR=" + state}
	client := server.Client()
	if err := client.Do(t.Context(), "replicaof", "127.0.0.1", "1").Err(); err != nil {
		t.Fatal(err)
	}
	if got := runHelixIn(t, dir, env, "", "exec", "!redis ping", "!config set redis.session_ttl=7200"); !strings.Contains(got.stdout, "PONG") {
		t.Errorf("%+v", got)
	}
	files, err := filepath.Glob(filepath.Join(state, "audit-*.spool"))
	if err != nil || len(files) != 1 {
		t.Fatalf("files %q, %v", files, err)
	}
	if err := client.Do(t.Context(), "replicaof", "no", "one").Err(); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(files[0], old, old); err != nil {
		t.Fatal(err)
	}
	got := runHelixIn(t, dir, env, "", "exec", "!config set redis.session_ttl=3600", "!audit", "!audit verify")
	if !strings.Contains(got.stdout, "unreachable !config set redis.session_ttl=7200\n") || !strings.Contains(got.stdout, "Intact from record 1 (") {
		t.Errorf("%+v", got)
	}
}

func TestCheckSaysThatAChainWithoutAKeyProvesLess(t *testing.T) {
	const says = "proves less"
	if got := runHelix(t, "", "check"); !strings.Contains(got.stdout, says) {
		t.Errorf("without a key: %+v", got)
	}
	if got := runHelixIn(t, t.TempDir(), []string{"HELIX_AUDIT_KEY=0123456789abcdef0123456789abcdef"}, "", "check"); strings.Contains(got.stdout, says) {
		t.Errorf("with one: %+v", got)
	}
}

// Whoever can write to Redis cannot change what the ops channel was told.
func TestTheHeadOfTheAuditGoesToTheOpsChannel(t *testing.T) {
	server := redistest.Any(t)
	log := audit.Open(audit.Options{Client: server.Client(), Log: zap.NewNop()})
	if err := log.Require(t.Context(), audit.Entry{Event: audit.Done, Line: "!redis dbsize"}); err != nil {
		t.Fatal(err)
	}
	head, err := log.Head(t.Context())
	if err := errors.Join(err, log.Close()); err != nil {
		t.Fatal(err)
	}
	acme := newPlace(t)
	acme.launch(t, "REDIS_URL="+server.URL())
	acme.In("#ops").Sees("Audit head of "+time.Now().UTC().Format(time.DateOnly), "record 1", head.Hash)
}
