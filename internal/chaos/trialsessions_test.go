package chaos

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// Answers of the session service about ann, under a token.
var (
	noSession = answer{status: 401, kind: "no-session"}
	away      = answer{status: 503, kind: "unavailable", retry: "1"}
	ended     = answer{status: 204}
	silence   = answer{fault: errors.New("connection refused")}
)

func there(user string) answer { return answer{status: 200, user: user, owner: "ann"} }
func retired() answer          { return answer{status: 200, user: "ann", owner: "ann", retired: true} }
func next(token string) answer { return answer{status: 200, user: "ann", owner: "ann", token: token} }
func made(token, user string) answer {
	return answer{status: 201, user: user, owner: "ann", token: token}
}

// requests has one of ann be answered, each a tenth of a second after the one
// before it.
func (tr *trial) requests(what, token string, a answer) {
	if tr.calls == nil {
		tr.calls = [][]*request{nil}
	}
	tr.now = tr.now.Add(100 * time.Millisecond)
	began := tr.now
	tr.calls[0] = append(tr.calls[0], &request{life: &life{user: "ann", address: "10.0.0.1"}, what: what, token: token, began: began, ended: began.Add(10 * time.Millisecond), answer: a})
}

// step is a request of ann and its answer.
type step struct {
	what, token string
	answer      answer
}

// visit is a round in which ann does some steps.
func visit(steps ...step) func(*trial) {
	return func(tr *trial) {
		for _, s := range steps {
			tr.requests(s.what, s.token, s.answer)
		}
	}
}

func during(fact func(*trial), round func(*trial)) func(*trial) {
	return func(tr *trial) { fact(tr); round(tr) }
}

// The facts of rounds in which something is allowed that is not otherwise.
func succeeded(tr *trial)    { tr.succeeded = true }
func troubled(tr *trial)     { tr.trouble = tr.begun }
func calmAgain(tr *trial)    { tr.trouble, tr.calm = tr.begun, tr.begun.Add(150*time.Millisecond) }
func instanceAway(tr *trial) { tr.absent = absence{from: tr.begun} }
func otherAway(tr *trial)    { tr.absent = absence{instance: 1, from: tr.begun} }
func instanceBack(tr *trial) {
	tr.absent = absence{from: tr.begun, to: tr.begun.Add(150 * time.Millisecond)}
}

func TestJudgeOfSessions(t *testing.T) {
	begin := step{creates, "", made("t1", "ann")}
	rotated := step{rotates, "t1", next("t2")}
	signedIn := step{signsIn, "t1", next("t2")}
	destroyed := step{destroys, "t1", ended}
	is := func(token string) step { return step{validates, token, there("ann")} }
	isNot := func(token string) step { return step{validates, token, noSession} }
	const back = "the token is good again"
	try(t, []trialCase{
		{"from beginning to end", visit(begin, is("t1"), destroyed, isNot("t1"), destroyed, isNot("t1")), ""},
		{"it is back after its end", visit(begin, destroyed, isNot("t1"), is("t1")), back},
		{"it is back after its end with another server", during(succeeded, visit(begin, destroyed, is("t1"))), ""},
		{"it is back after an end that may not have been", during(troubled, visit(begin, step{destroys, "t1", away}, is("t1"), isNot("t1"))), ""},
		{"it is back, and after a flush nothing can be", during(func(tr *trial) { tr.flushed = true; tr.flushedAt = tr.begun }, visit(begin, destroyed, is("t1"))), back},
		{"it is refused and nobody ended it", visit(begin, isNot("t1")), "nobody has ended it"},
		{"it is lost with its server", during(succeeded, visit(begin, isNot("t1"))), ""},
		{"it is lost with a flush", during(func(tr *trial) { tr.flushed = true; tr.flushedAt = tr.begun.Add(time.Second) }, visit(begin, isNot("t1"))), ""},
		{"it is lost after a flush", during(func(tr *trial) { tr.flushed = true; tr.flushedAt = tr.begun }, visit(begin, isNot("t1"))), "nobody has ended it"},
		{"rotation", visit(begin, rotated, is("t2"), step{validates, "t1", retired()}, step{rotates, "t1", noSession}, isNot("t1")), ""},
		{"the old token reads as before", visit(begin, rotated, is("t1")), "it was replaced at"},
		{"the old token reads as before, with another server", during(succeeded, visit(begin, rotated, is("t1"))), ""},
		{"the old token is rotated again", visit(begin, rotated, step{rotates, "t1", next("t3")}), "it was replaced at"},
		{"the old token reads for ever", func(tr *trial) {
			visit(begin, rotated)(tr)
			tr.now = tr.now.Add(grace)
			visit(step{validates, "t1", retired()})(tr)
		}, "it was replaced at"},
		{"a token is retired that nobody replaced", visit(begin, step{validates, "t1", retired()}), "nobody has replaced it"},
		{"a token is retired that somebody may have replaced", during(troubled, visit(begin, step{rotates, "t1", away}, step{validates, "t1", retired()})), ""},
		{"the successor is lost", visit(begin, rotated, isNot("t2")), "nobody has ended it"},
		{"the old token ends with its successor", visit(begin, rotated, step{destroys, "t2", ended}, step{validates, "t1", retired()}), back},
		{"sign-in", visit(begin, signedIn, isNot("t1"), is("t2")), ""},
		{"the old token is good after a sign-in", visit(begin, signedIn, is("t1")), back},
		{"a sign-in that may not have been", during(troubled, visit(begin, step{signsIn, "t1", away}, isNot("t1"))), ""},
		{"a visitor signs in", visit(step{letsIn, "", made("t0", "")}, step{validates, "t0", there("")}, step{signsIn, "t0", next("t1")}, is("t1"), isNot("t0")), ""},
		{"a visitor is somebody", visit(step{letsIn, "", made("t0", "")}, step{validates, "t0", there("ann")}), `it was made for ""`},
		{"a visitor's old token reads", visit(step{letsIn, "", made("t0", "")}, step{rotates, "t0", answer{status: 200, owner: "ann", token: "t1"}}, step{validates, "t0", there("")}), back},
		{"another person's", visit(begin, step{validates, "t1", there("ben")}), `it was made for "ann"`},
		{"another person's data", visit(begin, step{validates, "t1", answer{status: 200, user: "ann", owner: "ben"}}), `its data for "ben"`},
		{"no data", visit(begin, step{validates, "t1", answer{status: 200, user: "ann"}}), `its data for ""`},
		{"made for another person", visit(step{creates, "", made("t1", "ben")}), "it is for another person"},
		{"a token twice", visit(begin, begin), "there is no new token"},
		{"no token", visit(step{creates, "", made("", "ann")}), "there is no new token"},
		{"a forged token is refused", visit(begin, step{forges, "t1 of ben", noSession}), ""},
		{"a forged token is good", visit(begin, step{forges, "t1 of ben", there("ben")}), "is good for another"},
		{"a token that nobody knows", visit(isNot("t9")), ""},
	})
}

func TestJudgeOfTheServicesAnswers(t *testing.T) {
	begin := step{creates, "", made("t1", "ann")}
	look := func(a answer) func(*trial) { return visit(begin, step{validates, "t1", a}) }
	limit := answer{status: 429, kind: "limit", limit: "redis.max_sessions_per_ip_per_hour", max: 2}
	try(t, []trialCase{
		{"it owns up while something is wrong", during(troubled, look(away)), ""},
		{"it owns up while nothing is wrong", look(away), "nothing was wrong with Redis"},
		{"it owns up when all is well again", during(calmAgain, look(away)), "nothing was wrong with Redis"},
		{"it does not say when to try again", during(troubled, look(answer{status: 503, kind: "unavailable"})), "not an answer to this"},
		{"it owns up under another status", during(troubled, look(answer{status: 500, kind: "unavailable", retry: "1"})), "not an answer to this"},
		{"no such session, under another status", look(answer{status: 404, kind: "no-session"}), "not an answer to this"},
		{"a bare 503", during(troubled, look(answer{status: 503, retry: "1"})), "not an answer to this"},
		{"a bare 500", during(troubled, look(answer{status: 500})), "not an answer to this"},
		{"the status of another request", look(answer{status: 204}), "not an answer to this"},
		{"the key is refused", look(answer{status: 401, kind: "key"}), "not an answer to this"},
		{"no such session, of one that is to be made", visit(step{creates, "", noSession}), "not an answer to this"},
		{"no such session, of one that is to end", visit(begin, step{destroys, "t1", noSession}), "not an answer to this"},
		{"there is nothing here", look(answer{status: 404, kind: "not-found"}), "not an answer to this"},
		{"too many requests of a few", look(answer{status: 429, kind: "rate"}), "not an answer to this"},
		{"no answer of an instance that is away", during(instanceAway, look(silence)), ""},
		{"no answer of one that is there", look(silence), "no answer, and its instance was there"},
		{"no answer while another is away", during(otherAway, look(silence)), "no answer, and its instance was there"},
		{"no answer of one that is back", during(instanceBack, look(silence)), "no answer, and its instance was there"},
		{"more than may come from an address", visit(begin, step{creates, "", made("t2", "ann")}, step{creates, "", limit}), ""},
		{"as many as may come from an address", visit(begin, step{creates, "", limit}), "2 creations were asked for from 10.0.0.1, and 2 may be"},
		{"another limit", visit(begin, step{creates, "", answer{status: 429, kind: "limit", limit: "redis.max_sessions_per_user", max: 5}}), "not an answer to this"},
	})
}

func TestAVerdictOnASessionShowsNoToken(t *testing.T) {
	tr := &trial{t: t, judge: &judge{count: func(string, int) {}}}
	tr.broken = func(format string, args ...any) {
		tr.verdicts = append(tr.verdicts, strings.TrimSpace(args[0].(string)))
	}
	visit(step{creates, "", made("planted-token", "ann")}, step{validates, "planted-token", there("ben")})(tr)
	tr.judgeSessions()
	if len(tr.verdicts) != 1 || strings.Contains(tr.verdicts[0], "planted-token") || strings.Count(tr.verdicts[0], "\n") != 2 {
		t.Errorf("%q", tr.verdicts)
	}
}

func TestAForgedTokenNamesAnother(t *testing.T) {
	ann, ben, visitor := &life{token: "s1.ann"}, &life{token: "s2.ben"}, &life{token: "s3"}
	for _, c := range []struct {
		token string
		lives []*life
		want  string
	}{
		{"s1.ann", []*life{ann, ben, visitor}, "s1.ben"},
		{"s2.ben", []*life{ann, ben, visitor}, "s2.ann"},
		{"s3", []*life{ann, visitor}, "s3.ann"},
		{"s1.ann", []*life{ann, visitor}, ""},
		{"", []*life{ann, ben}, ""},
	} {
		if got := forged(c.token, c.lives); got != c.want {
			t.Errorf("%q: %q; want %q", c.token, got, c.want)
		}
	}
}
