package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/sessions"
	"github.com/helix-collective/helix/shell"
)

// cleanupOf is whose sessions a cleanup is to end, beside those of ours.
type cleanupOf string

const (
	ofOwn     cleanupOf = "own"
	ofForeign cleanupOf = "foreign"
)

func sessionsCleanup(ctx context.Context, t *turn, call *shell.Call, args sessionsArgs) error {
	form, _ := findSessionsForm("cleanup")
	foreign, own, plan := args.has("--foreign"), args.has("--own"), args.has("--plan")
	switch {
	case len(args.words) > 0, own && (foreign || plan):
		return t.misusedSessions(form, "`sessions cleanup` takes one of its options.")
	case own:
		return t.leaveForeign(ctx, call)
	}
	if !plan {
		if err := t.mayCleanup(); err != nil {
			return err
		}
	}
	if t.mode == Direct && !plan {
		return t.carryOutCleanup(ctx, foreign, call.Stdout)
	}
	report, err := t.Sessions.PlanCleanup(ctx, foreign)
	if err != nil {
		return err
	}
	text := t.cleanupText(report)
	if plan {
		_, err := call.Stdout.WriteString(text + "\n")
		return err
	}
	of := ofOwn
	if foreign {
		of = ofForeign
		text += "\nFrom then on every cleanup treats other software's sessions like ours, until `" + t.prefix() + "sessions cleanup --own`."
	}
	if report.Ended()+report.GivenTTL+report.Listed+report.Pruned == 0 && (!foreign || report.Foreign.Sessions == 0) {
		_, err := call.Stdout.WriteString("There is nothing to clean up.\n" + t.foreignText(report))
		return err
	}
	return t.planFinal(ctx, cleanupWord+string(of), "sessions cleanup", text+"\nIt CANNOT be taken back: a session that was ended stays ended.", report.Ended()+report.GivenTTL)
}

// mayCleanup checks the right to end any session.
func (t *turn) mayCleanup() error {
	return t.Policy.Check(t.caller, permissions.Action{Right: permissions.Destroy, Name: "sessions cleanup"})
}

// leaveForeign has cleanup leave other software's sessions alone again.
func (t *turn) leaveForeign(ctx context.Context, call *shell.Call) error {
	if err := t.mayCleanup(); err != nil {
		return err
	}
	if t.mode == Only {
		t.waits = &Plan{Text: "Plan: let cleanup leave other software's sessions alone."}
		return nil
	}
	if err := t.mayDoAtOnce("sessions cleanup --own"); err != nil {
		return err
	}
	if err := t.recording.open(ctx); err != nil {
		return err
	}
	was, err := t.Sessions.RevokeForeign(ctx)
	if err != nil {
		return err
	}
	text := "Cleanup leaves other software's sessions alone from now on.\n"
	if !was {
		text = "Cleanup leaves other software's sessions alone already.\n"
	}
	_, err = call.Stdout.WriteString(text)
	return err
}

// carryOutCleanup cleans up and says what it did. With foreign it notes first that
// the caller has confirmed it for other software's sessions.
func (t *turn) carryOutCleanup(ctx context.Context, foreign bool, out io.Writer) error {
	if err := t.mayCleanup(); err != nil {
		return err
	}
	if err := t.recording.open(ctx); err != nil {
		return err
	}
	if foreign {
		by := sessions.Consent{By: person(t.caller), Name: t.caller.Name, At: t.Now()}
		if err := t.Sessions.ConfirmForeign(ctx, by); err != nil {
			return err
		}
		t.recording.note("cleanup may end other software's sessions")
	}
	report, err := t.Sessions.Cleanup(ctx)
	if n := int(report.Ended()); n > 0 {
		t.recording.count("sessions ended", n)
	}
	switch {
	case errors.Is(err, sessions.ErrCleaning):
		return unable("A cleanup runs already. Its report is in `%ssessions` when it is done.", t.prefix())
	case err != nil:
		return err
	}
	_, err = io.WriteString(out, t.cleanupText(report)+"\n")
	return err
}

// cleanupText says what a cleanup did, or would do, and why.
func (t *turn) cleanupText(r sessions.Report) string {
	text := fmt.Sprintf("Ended %s of %s", grouped(r.Ended()), counted(r.Sessions, "session", "sessions"))
	if r.Plan {
		text = fmt.Sprintf("Plan: end %s of %s", grouped(r.Ended()), counted(r.Sessions, "session", "sessions"))
	}
	if r.Ended() > 0 {
		text += fmt.Sprintf(" (%s idle, %s too old, %s over the limit of their person)", grouped(r.Idle), grouped(r.Age), grouped(r.OverLimit))
	}
	var also []string
	add := func(n int64, format string) {
		if n > 0 {
			also = append(also, fmt.Sprintf(format, grouped(n)))
		}
	}
	add(r.GivenTTL, "%s without a TTL get one")
	add(r.Listed, "%s of other software count towards their people")
	add(r.Pruned, "%s entries of indexes go whose sessions are over")
	add(r.Left, "%s were used or ended meanwhile and are left alone")
	text = strings.Join(append([]string{text}, also...), "; ") + "."
	return strings.TrimSuffix(text+"\n"+t.foreignText(r), "\n")
}

// foreignText says what is left alone, as nobody has confirmed a cleanup of it.
func (t *turn) foreignText(r sessions.Report) string {
	f := r.Foreign
	if f.Confirmed || f.Sessions == 0 {
		return ""
	}
	return fmt.Sprintf("%s of other software left alone: %s idle, %s too old, %s without a TTL. `%ssessions cleanup --foreign` plans for them, too.\n",
		grouped(f.Sessions), grouped(f.Idle), grouped(f.Age), grouped(f.WithoutTTL), t.prefix())
}
