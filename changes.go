package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/helix-collective/helix/check"
	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/plans"
	"github.com/helix-collective/helix/settings"
)

// openChanges prepares what changes need: plans that wait, and the journal by
// which they are taken back.
func (a *app) openChanges() error {
	s := a.base.Snapshot()
	dir := a.stateDir()
	o := plans.Options{Client: a.client, Key: s.Secret(settings.AuditKey), ApprovalTTL: s.Duration(settings.ApprovalsTTL), Now: a.clock.Now}
	if dir != "" {
		o.Dir = filepath.Join(dir, "plans")
		o.Instance = dir
	}
	var err error
	if a.plans, err = plans.Open(o); err != nil {
		return fmt.Errorf("open the plans: %w", err)
	}
	if dir == "" || s.Duration(settings.UndoRetention) == 0 {
		return nil
	}
	a.journal, err = journal.Open(journal.Options{
		Dir: filepath.Join(dir, "journal"), MaxBytes: s.Bytes(settings.UndoMaxBytes), Retention: s.Duration(settings.UndoRetention),
	})
	if err != nil {
		return fmt.Errorf("open the journal of changes: %w", err)
	}
	return nil
}

// stateDir is where what lasts is kept; empty where nothing does.
func (a *app) stateDir() string {
	dir := a.base.Snapshot().Text(settings.StateDir)
	if dir == "" && a.local {
		return userStateDir()
	}
	return dir
}

// spoolDir is where audit records wait while Redis takes none. They are few and
// soon gone again, so that the user's own place will do where no other is set:
// else a server that refuses writes could not be cured from a channel.
func (a *app) spoolDir() string {
	if dir := a.stateDir(); dir != "" {
		return dir
	}
	return userStateDir()
}

// userStateDir is where a program that somebody runs at a terminal keeps what
// lasts; empty where there is no such place, or none that can be written to.
func userStateDir() string {
	dir := os.Getenv("XDG_STATE_HOME")
	if !filepath.IsAbs(dir) {
		home, err := os.UserHomeDir()
		if err != nil || home == "" || home == "/" {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	dir = filepath.Join(dir, "helix")
	if err := writable(dir); err != nil {
		return "" // nobody asked for it
	}
	return dir
}

// undoFindings tells where the bot would keep what its changes take, and what
// follows where it keeps nothing.
func undoFindings(s *settings.Snapshot) []check.Finding {
	const name = "Undo"
	dir, kept := s.Text(settings.StateDir), s.Duration(settings.UndoRetention)
	switch {
	case kept == 0:
		return []check.Finding{{Name: name, Level: check.Warning, Detail: "undo.retention is 0: no change can be taken back.",
			Mend: "Set undo.retention, as in 15m."}}
	case dir == "" && s.Secret(settings.DiscordToken) == "":
		return nil // at a terminal there is a place for it
	case dir == "":
		return []check.Finding{{Name: name, Level: check.Warning,
			Detail: "No state.dir is set: the bot's changes cannot be taken back, and plans do not outlive its restart.",
			Mend:   "Set HELIX_STATE_DIR to a directory that lasts, in a container a volume."}}
	}
	if err := writable(dir); err != nil {
		return []check.Finding{{Name: name, Level: check.Fatal, Detail: "state.dir cannot be written: " + err.Error() + ".",
			Mend: "Give the user that Helix runs as its own directory, with mode 0700."}}
	}
	return []check.Finding{{Name: name, Level: check.OK, Detail: fmt.Sprintf("Changes can be taken back for %g min, from %s.", kept.Minutes(), dir)}}
}

// writable reports whether files can be made in a directory, or in the one that
// it would be made in.
func writable(dir string) error {
	for {
		info, err := os.Stat(dir)
		if errors.Is(err, os.ErrNotExist) && dir != filepath.Dir(dir) {
			dir = filepath.Dir(dir)
			continue
		}
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return fmt.Errorf("%s is no directory", dir)
		}
		break
	}
	f, err := os.CreateTemp(dir, ".helix-check-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
