package chaos

import (
	"fmt"
	"testing"
)

// What Helix says of plans of ten commands.
const (
	allMade   = "10 of 10 keys changed, 10 of 10 commands carried out (10 × append) in 6 ms.\n`!undo aaaa` takes it back, for 15 min."
	sixMade   = "Stopped. 6 of 10 commands carried out. Nothing behind that was."
	sixOpen   = "Redis at redis:6379 went away in the middle of the change, and of the last 3 commands it is not known yet whether they were carried out. 6 of 10 commands carried out. Nothing behind that was."
	notOnAll  = "\nNot every replica has confirmed the last 4 commands yet; if one took this server's place now, they could be lost."
	lineMade  = "Change aaaa of 12:00 (!seq 1 10 | xargs -I {} redis append chaos-1-p1:{}…) by cy was interrupted: 8 of 10 commands were carried out."
	lineLate  = "The answer to cy (!seq 1 10 | xargs -I {} redis append chaos-1-p1:{}…) could not be sent, as another instance speaks now. It was: 8 of 10 commands carried out."
	lineOther = "Change bbbb of 12:00 (!seq 1 10 | xargs -I {} redis append chaos-1-p11:{}…) by cy was interrupted: 8 of 10 commands were carried out."
	allBack   = "10 are as before \"!seq 1 10 | xargs\"."
	lineBack  = "Change cccc of 12:01 (!seq 1 10 | xargs -I {} redis append chaos-1-p1:{}…) by cy was interrupted: 7 commands were carried out."
)

// plan has a plan of ten commands be confirmed and answered, of which Redis has so
// many.
func (tr *trial) plan(made int, answers ...string) *ask {
	tr.t.Helper()
	a := tr.asked("#plan", 1, "!seq 1 10 | xargs", answers...)
	a.n, a.presses = 10, 1
	for n := 1; n <= a.n; n++ {
		value := a.earlier(n)
		if n <= made {
			value += a.mark + "."
		}
		if value != "" {
			tr.holds(a.key(n), value)
		}
	}
	return a
}

// undo has somebody take a plan back.
func (tr *trial) undo(plan *ask, answers ...string) {
	u := tr.asked("#plan", 2+len(plan.undos), "!undo aaaa", answers...)
	u.undoes, plan.undos = plan, append(plan.undos, u)
}

func TestJudgeOfPlans(t *testing.T) {
	plan := func(made int, answer string, more ...func(*trial, *ask)) func(*trial) {
		return func(tr *trial) {
			a := tr.plan(made, answer)
			for _, change := range more {
				change(tr, a)
			}
		}
	}
	killed := func(tr *trial, _ *ask) { tr.killed = true }
	flushed := func(tr *trial, _ *ask) { tr.flushed = true }
	ops := func(line string) func(*trial, *ask) { return func(tr *trial, _ *ask) { tr.tells(line) } }
	own := func(line string) func(*trial, *ask) { return func(tr *trial, _ *ask) { tr.told = line } }
	hold := func(n int, value string) func(*trial, *ask) {
		return func(tr *trial, a *ask) { tr.holds(a.key(n), value) }
	}
	try(t, []trialCase{
		{"carried out", plan(10, allMade), ""},
		{"nobody confirmed it", plan(3, "Plan: …", func(_ *trial, a *ask) { a.presses = 0 }), ""},
		{"a command twice", plan(10, allMade, hold(1, "chaos-1-p1.chaos-1-p1.")), "1 of 10 commands of \"!seq 1 10 | xargs\" were carried out twice"},
		{"a key is something else", plan(10, allMade, hold(1, "chaos-1-p1.x")), "neither as before nor as after"},
		{"what was there before is gone", plan(10, allMade, hold(3, "chaos-1-p1.")), "neither as before nor as after"},
		{"what was there before is flushed", plan(10, allMade, hold(3, "chaos-1-p1."), flushed), ""},
		{"what was not there before is not flushed", plan(10, allMade, hold(1, "beforechaos-1-p1."), flushed), "neither as before nor as after"},
		{"fewer than are reported", plan(9, allMade), "9 commands of \"!seq 1 10 | xargs\" are there, reported are 10"},
		{"fewer, and named", plan(6, allMade+notOnAll), ""},
		{"fewer than are named", plan(5, allMade+notOnAll), "5 commands"},
		{"fewer after a flush", plan(0, allMade, flushed), ""},
		{"a part, as reported", plan(6, sixMade), ""},
		{"more than are reported", plan(7, sixMade), "7 commands of"},
		{"more after a flush", plan(7, sixMade, flushed), "7 commands of"},
		{"as many more as are not known", plan(9, sixOpen), ""},
		{"more than are not known", plan(10, sixOpen), "10 commands of"},
		{"nobody says so", plan(2, "This was interrupted", killed), "and nobody says so"},
		{"nothing was made and nobody says so", plan(0, "This was interrupted", killed), ""},
		{"the next process says so", plan(8, "Running · 1s", killed, ops(lineMade)), ""},
		{"the next process says so of another", plan(8, "Running · 1s", killed, ops(lineOther)), "and nobody says so"},
		{"the next process says fewer", plan(9, "Running · 1s", killed, ops(lineMade)), "9 commands of"},
		{"the next process says more", plan(7, "Running · 1s", killed, ops(lineMade)), "7 commands of"},
		{"the next process says what could not be sent", plan(8, "Running · 1s", killed, ops(lineLate)), ""},
		{"it says fewer", plan(9, "Running · 1s", killed, ops(lineLate)), "9 commands of"},
		{"its own instance says so", plan(8, "Running · 1s", killed, own(lineMade)), ""},
		{"its own instance says fewer", plan(9, "Running · 1s", killed, own(lineMade)), "9 commands of"},
		{"what was open is found out", plan(8, sixOpen, ops(lineMade)), ""},
		{"what was open is found out wrongly", plan(9, sixOpen, ops(lineMade)), "9 commands of"},
	})
}

func TestJudgeOfUndos(t *testing.T) {
	undo := func(left int, report string, answers ...string) func(*trial, ...func(*trial, *ask)) *ask {
		return func(tr *trial, more ...func(*trial, *ask)) *ask {
			a := tr.plan(left, report)
			for _, answer := range answers {
				tr.undo(a, answer)
			}
			for _, change := range more {
				change(tr, a)
			}
			return a
		}
	}
	of := func(made func(*trial, ...func(*trial, *ask)) *ask, more ...func(*trial, *ask)) func(*trial) {
		return func(tr *trial) { made(tr, more...) }
	}
	killed := func(tr *trial, a *ask) { tr.killed = true; a.undos[0].replies = nil }
	flushed := func(tr *trial, _ *ask) { tr.flushed = true }
	ops := func(line string) func(*trial, *ask) { return func(tr *trial, _ *ask) { tr.tells(line) } }
	own := func(line string) func(*trial, *ask) { return func(tr *trial, _ *ask) { tr.told = line } }
	hold := func(n int, value string) func(*trial, *ask) {
		return func(tr *trial, a *ask) { tr.holds(a.key(n), value) }
	}
	const (
		unknown  = "There is no change \"aaaa\" that could be taken back."
		fault    = "Something went wrong on our side (ref 7f3a). The log has the details."
		fourBack = "4 are as before \"!seq 1 10 | xargs\".\nThe rest is still kept: once Redis takes it, `!undo aaaa` goes on."
		openBack = "Redis at redis:6379 went away in the middle of the change, and of the last 3 commands it is not known yet whether they were carried out.\n7 are as before \"!seq 1 10\"."
		lostBack = "Redis at redis:6379 came back without the last 6 commands that it had confirmed: it was restarted without them.\n10 are as before \"!seq 1 10\"."
		leftBack = "8 are as before \"!seq 1 10 | xargs\".\n2 have changed since and are left alone: chaos-1-p1:1, chaos-1-p1:2."
	)
	try(t, []trialCase{
		{"taken back", of(undo(0, allMade, allBack)), ""},
		{"a part was made, and is taken back", of(undo(0, sixMade, "6 are as before \"!seq\", 1 of them already.")), ""},
		{"said to be taken back, and it is not", of(undo(1, allMade, allBack)), "1 commands of"},
		{"not taken back after a flush", of(undo(1, allMade, allBack), flushed), "1 commands of"},
		{"the undo is named as unreplicated, and lost", of(undo(4, allMade, allBack+notOnAll)), ""},
		{"more of the undo is lost than is named", of(undo(5, allMade, allBack+notOnAll)), "5 commands of"},
		{"it left another value", of(undo(0, allMade, allBack), hold(3, "befor")), "neither as before nor as after"},
		{"it left a key that was not there", of(undo(0, allMade, allBack), hold(1, "before")), "neither as before nor as after"},
		{"it took away what was there before", of(undo(0, allMade, allBack), func(tr *trial, a *ask) { tr.server.Del(a.key(3)) }), "neither as before nor as after"},
		{"a flush took away what was there before", of(undo(0, allMade, allBack), func(tr *trial, a *ask) { tr.server.Del(a.key(3)) }, flushed), ""},
		{"it did a command once more", of(undo(10, allMade, unknown), hold(1, "chaos-1-p1.chaos-1-p1.")), "carried out twice"},
		{"refused, and nothing is taken back", of(undo(10, allMade, unknown)), ""},
		{"refused, and something is taken back", of(undo(9, allMade, unknown)), "at most 0 said to be taken back"},
		{"refused after a flush", of(undo(0, allMade, unknown), flushed), ""},
		{"refused, and more is there than was made", of(undo(7, sixMade, unknown)), "7 commands of"},
		{"a part is taken back, as it says", of(undo(6, allMade, fourBack)), ""},
		{"less than it says", of(undo(7, allMade, fourBack)), "7 commands of"},
		{"more than it says", of(undo(5, allMade, fourBack)), "at most 4 said to be taken back"},
		{"a part, then the rest", of(undo(0, allMade, fourBack, allBack)), ""},
		{"some are left alone", of(undo(2, allMade, leftBack)), ""},
		{"what is open was made", of(undo(0, allMade, openBack)), ""},
		{"what is open was not made", of(undo(6, allMade, openBack)), ""},
		{"more is there than is open", of(undo(7, allMade, openBack)), "7 commands of"},
		{"what came back was lost again", of(undo(6, allMade, lostBack)), ""},
		{"more was lost again than it says", of(undo(7, allMade, lostBack)), "7 commands of"},
		{"a fault, and some of it was made", of(undo(3, allMade, fault)), ""},
		{"a fault, and a key is something else", of(undo(3, allMade, fault), hold(5, "x")), "neither as before nor as after"},
		{"a fault, and more is there than was made", of(undo(7, sixMade, fault)), "7 commands of"},
		{"killed, and the next process says how far it came", of(undo(3, allMade, ""), killed, ops(lineBack)), ""},
		{"killed, and the next process says less", of(undo(2, allMade, ""), killed, ops(lineBack)), "at most 7 said to be taken back"},
		{"killed, and the next process says more", of(undo(4, allMade, ""), killed, ops(lineBack)), "at least 7 said to be taken back"},
		{"killed, and only its own instance says so", of(undo(3, allMade, ""), killed, own(lineBack)), ""},
		{"killed, and its own instance says more", of(undo(4, allMade, ""), killed, own(lineBack)), "at least 7 said to be taken back"},
		{"killed, and nobody knows", of(undo(3, allMade, ""), killed), ""},
		{"the report of the plan stands in the undo's", of(undo(0, "Running · 1s", lineMade+"\n8 are as before \"!seq\".")), ""},
		{"that report is wrong", of(undo(1, "Running · 1s", lineMade+"\n8 are as before \"!seq\".")), "1 commands of"},
	})
}

func TestAnUndoIsNotTakenForItsPlan(t *testing.T) {
	plan := &ask{mark: "chaos-1-p1"}
	for text, want := range map[string][2]bool{lineMade: {true, false}, lineBack: {false, true}, lineOther: {true, false}} {
		if got := [2]bool{howFar.MatchString(text), howFarBack.MatchString(text)}; got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
	if got := fmt.Sprint(linesWith(lineMade+"\n"+lineOther, plan.mark+":")); got != fmt.Sprintf("[%s\n]", lineMade) {
		t.Error(got)
	}
}
