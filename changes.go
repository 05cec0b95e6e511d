package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/helix-collective/helix/journal"
	"github.com/helix-collective/helix/plans"
	"github.com/helix-collective/helix/settings"
)

// openChanges prepares what changes need: plans that wait, and the journal by
// which they are taken back.
func (a *app) openChanges() error {
	s := a.base.Snapshot()
	dir := a.stateDir()
	o := plans.Options{Client: a.client, Key: s.Secret(settings.AuditKey), ApprovalTTL: s.Duration(settings.ApprovalsTTL)}
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

// userStateDir is where a program that somebody runs at a terminal keeps what
// lasts; empty where there is no such place.
func userStateDir() string {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "helix")
	}
	home, err := os.UserHomeDir()
	if err != nil || home == "" || home == "/" {
		return ""
	}
	return filepath.Join(home, ".local", "state", "helix")
}
