package chaos

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

func TestJudgeOfReplies(t *testing.T) {
	read := func(answers ...string) func(*trial) {
		return func(tr *trial) { tr.asked("#read", 1, "!redis get known", answers...) }
	}
	with := func(change func(*trial), round func(*trial)) func(*trial) {
		return func(tr *trial) { change(tr); round(tr) }
	}
	killed, stopped := func(tr *trial) { tr.killed = true }, func(tr *trial) { tr.stopped = true }
	paused, late := func(tr *trial) { tr.paused = true }, func(tr *trial) { tr.lateDiscord = true }
	flushed := func(tr *trial) { tr.flushed = true }
	still := func(tr *trial, from, flushedAt time.Duration) {
		tr.paused, tr.absent.from = true, tr.begun.Add(from)
		tr.flushed, tr.flushedAt = true, tr.begun.Add(flushedAt)
	}
	showing := func(answers ...string) func(*trial) {
		return func(tr *trial) {
			read(answers...)(tr)
			tr.asks[0].channel = "#plan"
			stop := map[string]any{"type": 2, "label": "Stop", "custom_id": "stop:1"}
			tr.asks[0].replies[0].Components = []map[string]any{{"type": 1, "components": []any{stop}}}
		}
	}
	const right = "as it was chaos-1-r1"
	try(t, []trialCase{
		{"the true answer, once", read(right), ""},
		{"no answer", read(), "nobody answers"},
		{"no answer of an instance that was killed", with(killed, read()), ""},
		{"no answer of an instance that was stopped", with(stopped, read()), ""},
		{"no answer of one that stood still for a while", with(paused, read()), "nobody answers"},
		{"no answer of one that stood still while all was flushed", with(func(tr *trial) { still(tr, 0, time.Second) }, read()), ""},
		{"no answer of one that stood still after all was flushed", with(func(tr *trial) { still(tr, 2*time.Second, time.Second) }, read()), "nobody answers"},
		{"no answer to what was said after all was flushed", with(func(tr *trial) { still(tr, -2*time.Second, -time.Second) }, read()), "nobody answers"},
		{"two answers", read(right, right), "is answered 2 times"},
		{"two answers, since Discord answered late", with(late, read(right, right)), ""},
		{"two answers of an instance that was killed", with(killed, read(right, right)), "is answered 2 times"},
		{"an interruption, and what shows the program", with(killed, showing("Running · 2s", "This was interrupted")), ""},
		{"the same where nothing was interrupted", showing("Running · 2s", "This was interrupted"), "is answered 2 times"},
		{"an answer, and what shows the program", with(killed, showing("Running · 2s", right)), "is answered 2 times"},
		{"the answer to somebody else", read("as it was chaos-1-r2"), "is answered"},
		{"an empty answer", read("0 lines"), "is answered"},
		{"it owns up", read("Redis at redis:6379 does not answer. Nothing was changed."), ""},
		{"interrupted, and nothing was", read("This was interrupted"), "is answered"},
		{"interrupted by a kill", with(killed, read("This was interrupted")), ""},
		{"empty after a flush", with(flushed, read("chaos-1-r1")), ""},
		{"another's after a flush", with(flushed, read("chaos-1-r2")), "is answered"},
	})
}

func TestJudgeOfWrites(t *testing.T) {
	write := func(value, answer string) func(*trial) {
		return func(tr *trial) {
			tr.asked("#write", 1, "!redis set chaos-1-w1 chaos-1-w1", answer)
			if value != "" {
				tr.holds("chaos-1-w1", value)
			}
		}
	}
	flushed := func(tr *trial) { tr.flushed = true; write("", "OK")(tr) }
	const away = "Redis at redis:6379 does not answer. Nothing was changed; try again once it is back."
	try(t, []trialCase{
		{"made, as it says", write("chaos-1-w1", "OK"), ""},
		{"another value", write("chaos-1-w2", "OK"), `left "chaos-1-w2"`},
		{"confirmed and gone", write("", "OK"), "was confirmed and is gone"},
		{"confirmed, named as unreplicated and gone", write("", "OK Not every replica has confirmed the last 1 command yet"), ""},
		{"confirmed, flushed and gone", flushed, ""},
		{"made, and denied", write("chaos-1-w1", away), "was made, and the answer is"},
		{"denied and not made", write("", away), ""},
		{"made, and unsure", write("chaos-1-w1", "of the last 1 command it is not known yet"), ""},
	})
}

func TestJudgeOfSettings(t *testing.T) {
	set := func(is string, revision int, answers ...string) func(*trial) {
		return func(tr *trial) {
			for i, answer := range answers {
				a := tr.asked("#config", i+1, "!config set", answer)
				a.n = 100 + i
			}
			tr.revision = 7
			tr.server.HSet(configKey, "@revision", fmt.Sprint(revision))
			tr.replies["!config get redis.max_sessions_per_user"] = is
		}
	}
	const first, second = "redis.max_sessions_per_user = 100 (was 5)", "redis.max_sessions_per_user = 101 (was 100)"
	const away = "Redis does not answer"
	try(t, []trialCase{
		{"as it was set last", set("101", 7, first, second), ""},
		{"the one before", set("100", 7, first, second), "should be one of"},
		{"the default", set("5", 8, first), "should be one of"},
		{"a later one that is unsure", set("101", 7, first, away), ""},
		{"the confirmed one before an unsure one", set("100", 7, first, away), ""},
		{"none of those that may be", set("99", 7, first, away), "should be one of"},
		{"one that was named as unreplicated and is lost", set("100", 7, first, second+" Not every replica has this yet"), ""},
		{"nothing was confirmed", set("5", 7, away), ""},
		{"an older revision", set("100", 6, first), "are at revision 6, and all servers had 7"},
		{"a later revision", set("100", 9, first), ""},
	})
}

func TestJudgeOfIncidents(t *testing.T) {
	const shown = "memory_used_bytes\nchaos1-abcd · chaos1 · warning"
	ruled := func(rest func(*trial)) func(*trial) {
		return func(tr *trial) { tr.rule = "chaos1"; rest(tr) }
	}
	times := func(n int) func(*trial) {
		return func(tr *trial) {
			for range n {
				tr.tells(shown)
			}
		}
	}
	earlier := func(tr *trial) { tr.tells(shown); tr.ops[0].At = tr.begun.Add(-time.Second) }
	edited := func(tr *trial) { earlier(tr); tr.ops[0].EditedAt = tr.begun.Add(time.Second) }
	try(t, []trialCase{
		{"shown once", ruled(times(1)), ""},
		{"never shown", ruled(times(0)), "the incident chaos1 is lost"},
		{"another one is shown", ruled(func(tr *trial) { tr.tells("chaos11-abcd · chaos11 · warning") }), "is lost"},
		{"somebody else says so", ruled(func(tr *trial) { times(1)(tr); tr.ops[0].Author = "olga" }), "is lost"},
		{"shown twice", ruled(times(2)), "is shown 2 times"},
		{"shown twice by a Discord that answered late", ruled(func(tr *trial) { tr.lateDiscord = true; times(2)(tr) }), ""},
		{"that of an earlier round", ruled(earlier), "is lost"},
		{"that of an earlier round, which goes on", ruled(edited), ""},
		{"no rule was set", times(0), ""},
		{"an outage that nobody tells of", func(tr *trial) { tr.outage = true }, "the incident server_down is lost"},
		{"an outage", func(tr *trial) { tr.outage = true; tr.tells("server_down-ab · server_down · critical") }, ""},
	})
}

func TestJudgeOfTheAudit(t *testing.T) {
	says := func(text string) func(*trial) {
		return func(tr *trial) { tr.replies["!audit verify"] = text }
	}
	try(t, []trialCase{
		{"intact", says("Intact from record 1 to record 9."), ""},
		{"broken", says("Broken at record 5: records 6 to 9 behind it are missing. Intact from record 1 to record 5."), "the audit: Broken at record 5"},
		{"no answer", says(""), "the audit"},
		{"mended in a moment", func(tr *trial) {
			texts := []string{"Broken at record 5", "Intact from record 1"}
			tr.says = func(string) string { text := texts[0]; texts = texts[min(1, len(texts)-1):]; return text }
			tr.wait = func(_ time.Duration, ready func() bool) {
				for !ready() {
				}
			}
		}, ""},
	})
}

func TestAJudgeWhoCannotReadSaysSo(t *testing.T) {
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr(), MaxRetries: -1})
	defer client.Close()
	tr := newTrial(t, server, client)
	tr.asked("#write", 1, "!redis set", "OK")
	tr.plan(0, allMade)
	server.SetError("LOADING")
	tr.all()
	if said := strings.Join(tr.verdicts, "\n"); len(tr.verdicts) != 3 || strings.Count(said, "the judge cannot read: LOADING") != 3 {
		t.Errorf("the judge says %q", tr.verdicts)
	}
}

// What is allowed is counted, and what was right is not.
func TestJudgeCounts(t *testing.T) {
	server := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	defer client.Close()
	for what, round := range map[string]func(tr *trial, strayed bool){
		"doubled by a Discord that answered late": func(tr *trial, strayed bool) {
			tr.lateDiscord = true
			tr.asked("#read", 1, "!redis get known", "as it was chaos-1-r1")
			if strayed {
				tr.asks[0].replies = append(tr.asks[0].replies, tr.asks[0].replies[0])
			}
		},
		"incidents doubled by a Discord that answered late": func(tr *trial, strayed bool) {
			tr.lateDiscord, tr.rule = true, "chaos1"
			for range 1 + one(strayed) {
				tr.tells("chaos1-abcd · chaos1 · warning")
			}
		},
		"single writes made of which the answer is unsure": func(tr *trial, strayed bool) {
			tr.asked("#write", 1, "!redis set", "of the last 1 command it is not known yet")
			if strayed {
				tr.holds("chaos-1-w1", "chaos-1-w1")
			}
		},
		"commands named as unreplicated, and lost": func(tr *trial, strayed bool) { tr.plan(10-one(strayed), allMade+notOnAll) },
		"undos of which nothing is known": func(tr *trial, strayed bool) {
			tr.undo(tr.plan(0, allMade), map[bool]string{false: allBack, true: "Something went wrong on our side (ref 7f3a)."}[strayed])
		},
		"undos that came to nothing, and say so": func(tr *trial, strayed bool) {
			tr.undo(tr.plan(10*one(strayed), allMade), map[bool]string{false: allBack, true: "There is no change \"aaaa\"."}[strayed])
		},
		"tokens that were ended or replaced, and are back with another server": func(tr *trial, strayed bool) {
			tr.succeeded = true
			begin, look, again := step{creates, "", made("t1", "ann")}, step{validates, "t1", there("ann")}, step{validates, "t1", noSession}
			if strayed {
				again.answer = there("ann")
			}
			visit(begin, look, step{destroys, "t1", ended}, again, again)(tr)
		},
		"sessions lost with their server": func(tr *trial, strayed bool) {
			tr.succeeded = true
			then := there("ann")
			if strayed {
				then = noSession
			}
			visit(step{creates, "", made("t1", "ann")}, step{validates, "t1", then})(tr)
		},
	} {
		t.Run(what, func(t *testing.T) {
			for _, strayed := range []bool{false, true} {
				tr := newTrial(t, server, client)
				round(tr, strayed)
				if tr.all(); tr.counts[what] != one(strayed) {
					t.Errorf("strayed %v: counted %v; the judge says %q", strayed, tr.counts, tr.verdicts)
				}
			}
		})
	}
}
