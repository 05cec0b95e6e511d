package plans

import (
	"errors"
	"fmt"
	"testing"
	"time"
)

func TestWhatAnAgreementChanges(t *testing.T) {
	made := time.Date(2026, 11, 27, 12, 0, 0, 0, time.UTC)
	many := make([]Approver, maxApprovers)
	for i := range many {
		many[i].ID = fmt.Sprint(i)
	}
	for _, tt := range []struct {
		name  string
		after time.Duration
		by    []Approver // before
		until time.Duration
		want  error
	}{
		{"early", time.Minute, nil, time.Hour, nil},
		{"at the last moment its author has time left", time.Hour - 1, nil, time.Hour - 1 + Lifetime, nil},
		{"past the end", time.Hour, nil, 0, &Gone{"id"}},
		{"past the end, where an earlier one put it off", time.Hour, []Approver{{ID: "cy"}}, 0, &NotCounted{"id", TooLate}},
		{"one too many", time.Minute, many, 0, &NotCounted{"id", TooMany}},
	} {
		p := Plan{ID: "id", Author: "ann", Approval: "somebody", Approvers: tt.by, Made: made, Until: made.Add(time.Hour), ApprovalUntil: made.Add(time.Hour)}
		if len(tt.by) == 1 {
			p.Until = made.Add(time.Hour + Lifetime)
		}
		got, err := p.agreed(Approver{ID: "bea"}, made.Add(tt.after), Lifetime)
		if fmt.Sprint(err) != fmt.Sprint(tt.want) {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
		if err == nil && (!got.Until.Equal(made.Add(tt.until)) || !got.approvedBy("bea")) {
			t.Errorf("%s: until %v, by %v", tt.name, got.Until, got.Approvers)
		}
	}
}

func TestMemoryLetsGoOfWhatLapsed(t *testing.T) {
	now := time.Now()
	s := fake(t, in(""), func(o *Options) { o.Now = func() time.Time { return now } })
	lapses, runs := put(t, s), put(t, s)
	_, steps, err := s.Take(t.Context(), runs.ID, "")
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Hour)
	if err := s.sweep(); err != nil {
		t.Fatal(err)
	}
	var gone *Gone
	if _, _, err := s.Take(t.Context(), lapses.ID, ""); !errors.As(err, &gone) {
		t.Errorf("it is kept: %v", err)
	}
	if all := drain(t, steps); len(all) != 3 {
		t.Errorf("a run that lasts reads %d steps", len(all))
	}
	if held := s.shelf.(*memory); held.used != 0 || len(held.plans) != 0 {
		t.Errorf("%d bytes of %d plans are held for nothing", held.used, len(held.plans))
	}
}
