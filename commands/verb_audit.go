package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/helix-collective/helix/audit"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/shell"
)

func auditVerb() verb {
	return verb{
		name:    "audit",
		summary: "who asked for what, and how it ended",
		usage:   []string{"[--by PERSON] [--since 1h|2026-01-31] [--verb VERB] [--denied] [N]", "verify"},
		details: "The newest stands last; times are UTC. N is 20 unless said, at most 1000. verify\n" +
			"walks the whole chain of records and names the first place where it is broken.",
		examples: []string{"!audit", "!audit --since 1h --denied", "!audit --verb config 5", "!audit verify"},
		check: func(_ context.Context, t *turn, _ []shell.SourceArg) error {
			return t.Policy.Check(t.caller, permissions.Action{Right: permissions.Audit, Name: "audit"})
		},
		reads: always,
		slash: SlashVerb{Private: true, Forms: []SlashForm{{Options: []SlashOption{
			{Name: "by", Summary: "of one person", Kind: Person, flag: "--by", prefix: "user:"},
			{Name: "since", Summary: "an age, as in 1h, or a date, as in 2026-01-31", flag: "--since", source: durationSource},
			{Name: "verb", Summary: "of one verb", flag: "--verb", source: verbSource},
			{Name: "denied", Summary: "only what was denied", Kind: Switch, flag: "--denied"},
			{Name: "n", Summary: "how many records", Kind: Number, Min: 1, Max: maxAuditShown},
			{Name: "verify", Summary: "walk the whole chain of records, instead", Kind: Switch, flag: "verify"},
		}}}},
		run: runAudit,
	}
}

// auditDelay bounds how long a look at the audit waits for records that are
// still on their way into it.
const auditDelay = 500 * time.Millisecond

func runAudit(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	if t.Audit == nil {
		return 0, &usageError{reason: "No audit is kept here."}
	}
	soon, cancel := context.WithTimeout(ctx, auditDelay)
	defer cancel()
	t.Audit.Flush(soon)
	args := wholes(call.Args)
	if len(args) == 1 && args[0] == "verify" {
		return t.verifyAudit(ctx, call)
	}
	q, err := t.auditQuery(args, t.Now())
	if err != nil {
		return 0, err
	}
	records, err := t.Audit.Find(ctx, q)
	if err != nil {
		return 0, err
	}
	for _, r := range records {
		if _, err := call.Stdout.WriteString(auditLine(r) + "\n"); err != nil {
			return 0, err
		}
	}
	return 0, nil
}

// How many records are shown.
const (
	auditShown    = 20
	maxAuditShown = 1000
)

func (t *turn) auditQuery(args []string, now time.Time) (audit.Query, error) {
	q := audit.Query{N: auditShown}
	for len(args) > 0 {
		word := args[0]
		args = args[1:]
		if word == "--denied" {
			q.Denied = true
			continue
		}
		name, value, joined := strings.Cut(word, "=")
		switch {
		case !slices.Contains(auditOptions(), name):
			name, value = "-n", word
		case !joined && len(args) == 0:
			return q, t.misused(auditVerb(), "What shall stand behind `%s`?", name)
		case !joined:
			value, args = args[0], args[1:]
		}
		if err := t.narrow(&q, name, value, now); err != nil {
			return q, err
		}
	}
	return q, nil
}

// auditOptions are those that take a value.
func auditOptions() []string { return []string{"--by", "--since", "--verb", "-n"} }

// narrow takes one option of !audit.
func (t *turn) narrow(q *audit.Query, name, value string, now time.Time) (err error) {
	switch name {
	case "--by":
		q.By = strings.TrimPrefix(strings.TrimPrefix(value, "@"), "user:")
	case "--verb":
		q.Verb = strings.TrimPrefix(value, t.prefix())
	case "--since":
		if q.Since, err = sinceWhen(value, now); err != nil {
			return t.misused(auditVerb(), "`%s` is neither an age (90m, 1h, 7d) nor a date (2026-01-31, 2026-01-31T12:00).", value)
		}
	case "-n":
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 || n > maxAuditShown {
			return t.misused(auditVerb(), "`%s` is no option and no number from 1 to %d.%s", value, maxAuditShown, meant(value, append(auditOptions(), "--denied", "verify")))
		}
		q.N = n
	}
	return nil
}

// sinceWhen reads an age or a date in UTC.
func sinceWhen(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02 15:04", "2006-01-02T15:04:05", time.DateTime, time.RFC3339} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, nil
		}
	}
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		return now.AddDate(0, 0, -int(n)), err
	}
	age, err := time.ParseDuration(text)
	return now.Add(-age), err
}

// auditLineRunes bounds what of a line is shown: a phone shows two rows of it.
const auditLineRunes = 100

// auditLine writes a record as "11-27 09:30:12 ann #…0001 denied !redis flushdb".
func auditLine(r audit.Record) string {
	who := r.Name
	if who == "" {
		who = r.By
	}
	parts := []string{r.Time().Format("01-02 15:04:05"), oneLine(who, 32), auditPlace(r), auditOutcome(r)}
	if r.Approver != "" {
		parts = append(parts, "approved by "+oneLine(r.Approver, 32))
	}
	return strings.Join(append(parts, oneLine(r.Line, auditLineRunes)), " ")
}

// auditPlace tells the channel by the end of its id, which is what differs.
func auditPlace(r audit.Record) string {
	const digits = 4
	switch n := len(r.Where); {
	case n == 0:
		return "terminal"
	case n > digits:
		return "#…" + r.Where[n-digits:]
	}
	return "#" + r.Where
}

func auditOutcome(r audit.Record) string {
	switch {
	case r.Event == audit.Opened:
		return "open"
	case r.Event == audit.Clicked:
		return "click"
	case r.Outcome == string(OK) && r.Status != 0:
		return fmt.Sprintf("status %d", r.Status)
	}
	return r.Outcome
}

// oneLine writes a text in one row of at most n characters.
func oneLine(text string, n int) string {
	clean := []rune(strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return '⏎'
		case !unicode.IsPrint(r):
			return ' '
		}
		return r
	}, strings.TrimSpace(text)))
	if len(clean) > n {
		return string(clean[:n]) + "…"
	}
	return string(clean)
}

func (t *turn) verifyAudit(ctx context.Context, call *shell.Call) (int, error) {
	report, err := t.Audit.Verify(ctx)
	if err != nil {
		return 0, err
	}
	_, err = call.Stdout.WriteString(verdict(report, t.Audit.Keyed()))
	if err == nil && report.Break != nil {
		return 1, nil
	}
	return 0, err
}

// verdict words what a walk along the chain has found.
func verdict(r audit.Report, keyed bool) string {
	var b strings.Builder
	if r.Break != nil {
		fmt.Fprintf(&b, "Broken at %s: %s.\n", auditSpot(r.Break.Place), r.Break.Reason)
	}
	switch {
	case r.Records > 0:
		fmt.Fprintf(&b, "Intact from %s to %s.\n", auditSpot(r.From), auditSpot(r.To))
	case r.Break == nil:
		b.WriteString("There are no records.\n")
	}
	for _, note := range r.Notes {
		b.WriteString(note + "\n")
	}
	if !keyed {
		b.WriteString("No audit.key is set, so this shows accidents, not a forger who can write to Redis.\n")
	}
	fmt.Fprintf(&b, "Head: record %d, %.16s\n", r.Head.Seq, r.Head.Hash)
	return b.String()
}

func auditSpot(p audit.Place) string {
	text := fmt.Sprintf("record %d", p.Seq)
	if !p.At.IsZero() && p.At.UnixMilli() > 0 {
		text += p.At.Format(" (2006-01-02 15:04:05)")
	}
	return text
}
