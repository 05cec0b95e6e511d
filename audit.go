package main

import (
	"regexp"
	"strings"

	"github.com/redis/go-redis/v9"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/check"
	"github.com/helix-collective/helix/settings"
)

func openAudit(client redis.UniversalClient, base *settings.Base, log *zap.Logger) *audit.Log {
	s := base.Snapshot()
	return audit.Open(audit.Options{
		Client: client, Log: log,
		Key:        s.Secret(settings.AuditKey),
		MaxRecords: s.Int(settings.AuditMaxRecords),
		Dir:        s.Text(settings.StateDir),
		Redact:     newConcealer(s).conceal,
	})
}

// concealer takes out of what people type the secrets that Helix itself holds
// and those that they name as such.
type concealer struct{ held []string }

const concealed = "•••"

func newConcealer(s *settings.Snapshot) concealer {
	var held []string
	for _, row := range settings.Table() {
		if secret := secretOf(s, row); secret != "" {
			held = append(held, secret, concealed)
		}
	}
	return concealer{held}
}

func secretOf(s *settings.Snapshot, row settings.Setting) string {
	if !row.Secret {
		return ""
	}
	return s.Secret(settings.SecretKey(row.Key))
}

// word is one word of a program, quoted or not, or the rest of an unclosed quote.
const word = `("[^"]*"?|'[^']*'?|[^\s;|&"']+)+`

// namedSecret is a word that says that the next one is a secret; the groups
// are what stays, and what goes.
var namedSecret = regexp.MustCompile(`(?i)(\bauth\s+(?:default\s+)?|\bauth2\s+\S+\s+|requirepass\s+|masterauth\s+|setname\s+\S+\s+auth\s+|` +
	`(?:--pass|-a)[\s=]+|[a-z_.-]*(?:token|secret|passw(?:or)?d|audit\.key|redis\.url)["']?\s*[=:\s]\s*)` + word)

// urlPassword is the user and password in an address.
var urlPassword = regexp.MustCompile(`(rediss?(?:\+[a-z]+)?://)[^@\s/]+@`)

func (c concealer) conceal(line string) string {
	line = strings.NewReplacer(c.held...).Replace(line)
	line = urlPassword.ReplaceAllString(line, "${1}"+concealed+"@")
	return namedSecret.ReplaceAllString(line, "${1}"+concealed)
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
