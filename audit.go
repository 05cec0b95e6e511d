package main

import (
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/check"
	"github.com/helix-collective/helix/settings"
)

// openAudit prepares the audit. Records wait in dir while Redis takes none.
func openAudit(client redis.UniversalClient, now func() time.Time, s *settings.Snapshot, dir string, log *zap.Logger, clean func(string) string) *audit.Log {
	return audit.Open(audit.Options{
		Client: client, Log: log, Now: now,
		Key:        s.Secret(settings.AuditKey),
		MaxRecords: s.Int(settings.AuditMaxRecords),
		Dir:        dir,
		Redact:     clean,
	})
}

// auditFindings says what the audit's chain proves.
func auditFindings(s *settings.Snapshot) []check.Finding {
	if s.Secret(settings.AuditKey) != "" {
		return nil
	}
	return []check.Finding{{Name: "Audit", Level: check.Warning,
		Detail: "No audit.key is set, so the chain of records proves less: whoever can write to Redis can forge the whole of it.",
		Mend:   "Set HELIX_AUDIT_KEY_FILE to a file with at least 32 random characters; every instance needs the same."}}
}
