package main

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/settings"
)

// What a change took away is on the disk for as long as it can be taken back, and
// not until the program is started anew.
func TestTheJournalIsPurgedWhileTheBotRuns(t *testing.T) {
	dir := t.TempDir()
	base, err := settings.Load(settings.Options{Flags: map[string]string{"redis.url": redistest.Any(t).URL(), "undo.retention": "1", "state.dir": dir}})
	if err != nil {
		t.Fatal(err)
	}
	a, err := open(t.Context(), base, zap.NewNop(), false, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.close() })
	w, err := a.journal.Begin(journal.Header{ID: "change"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close("done"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var beside sync.WaitGroup
	beside.Go(func() { a.purgeJournal(ctx) })
	defer beside.Wait()
	defer cancel()
	redistest.Eventually(t, "the journal is empty", func(context.Context) bool {
		left, err := os.ReadDir(filepath.Join(dir, "journal"))
		return err == nil && len(left) == 0
	})
}
