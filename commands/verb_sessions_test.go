package commands_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/permissions"
	"github.com/helix-collective/helix/sessions"
)

// desk is a person who asks about sessions that the store made.
type desk struct {
	t     *testing.T
	stage stage
	store *sessions.Store
	heard strings.Builder // every answer
}

func newDesk(t *testing.T) *desk { return newDeskAt(t, redistest.Any(t).URL()) }

func newDeskAt(t *testing.T, url string) *desk { return deskOf(t, url, "") }

// newDeskWith is a desk under settings.
func newDeskWith(t *testing.T, settings string) *desk {
	return deskOf(t, redistest.Any(t).URL(), settings)
}

func deskOf(t *testing.T, url, settings string) *desk {
	s := newStage(t, url, map[string]string{"people": "ann: owner", "settings": settings})
	policy := sessions.Policy{TTL: time.Hour, IdleTimeout: time.Hour, MaxPerUser: 100, MaxPerAddressPerHour: 100}
	return &desk{t: t, stage: s, store: sessions.New(s.client, sessions.Fixed(policy), sessions.Options{})}
}

func (d *desk) create(userID string) (sessions.Token, sessions.Session) {
	d.t.Helper()
	token, s, err := d.store.Create(d.t.Context(), sessions.Request{UserID: userID, IP: "203.0.113.7", Data: []byte(`{"password":"hunter2"}`)})
	if err != nil {
		d.t.Fatal(err)
	}
	return token, s
}

func (d *desk) ask(text string) string {
	d.t.Helper()
	reply := d.stage.say(commands.Request{Text: text, Caller: d.stage.people["ann"], Redact: true})
	answer := show(reply)
	d.heard.WriteString(answer)
	return answer
}

// ended reports whether a token stands for no session any more.
func (d *desk) ended(token sessions.Token) bool {
	d.t.Helper()
	_, err := d.store.Validate(d.t.Context(), token, "203.0.113.7")
	return err != nil
}

func TestSessionsAreShownShortAndFoundByIt(t *testing.T) {
	d := newDesk(t)
	first, one := d.create("ann")
	second, two := d.create("ann")
	third, three := d.create("bob")
	listed := d.ask("!sessions list --user bob")
	short, _, _ := strings.Cut(listed, " ")
	if !strings.HasPrefix(short, "session:user:bob:") || !strings.HasSuffix(short, "…") {
		t.Fatalf("listed: %s", listed)
	}
	for _, name := range []string{short, three.ID[:8], three.ID[:8] + "…", three.ID, three.Key, short[:len(short)-len("…")] + "..."} {
		if got := d.ask("!sessions show " + name); !strings.Contains(got, "\nuser       bob\n") {
			t.Errorf("show %s: %s", name, got)
		}
	}
	if got := d.ask("!sessions list --user ann | xargs redis exists"); got != "2\n" {
		t.Errorf("of ann's keys there are %s", got)
	}
	d.ask("!sessions end " + short)
	if got := d.ask("[Confirm forever]"); !strings.Contains(got, "Ended 1 session.") || !d.ended(third) || d.ended(first) {
		t.Errorf("ended: %s", got)
	}
	d.ask("!sessions list --user ann | xargs -n 1 sessions end")
	if got := d.ask("[Confirm forever]"); !strings.Contains(got, "Ended 2 sessions.") || !d.ended(first) || !d.ended(second) {
		t.Errorf("ended: %s", got)
	}
	if got := d.ask("!undo"); !strings.Contains(got, "no change that could be taken back") {
		t.Errorf("undo: %s", got)
	}
	for _, secret := range []string{"hunter2", one.ID, two.ID, three.ID, string(first)} {
		if strings.Contains(d.heard.String(), secret) {
			t.Errorf("%q was said in the channel", secret)
		}
	}
}

// A session that ends or is narrowed away between plan and confirmation changes
// nothing about the others.
func TestAPlanToEndSessionsIsOfThoseItNamed(t *testing.T) {
	d := newDesk(t)
	first, one := d.create("ann")
	d.create("ann")
	d.ask("!sessions end --user ann")
	late, _ := d.create("ann")
	if _, err := d.store.DestroyKey(t.Context(), one.Key); err != nil {
		t.Fatal(err)
	}
	if got := d.ask("[Confirm forever]"); !strings.Contains(got, "Ended 1 session; 1 had ended already.") || !d.ended(first) || d.ended(late) {
		t.Errorf("confirmed: %s", got)
	}
}

func TestSessionsEndAtOnceWhereThatIsAsked(t *testing.T) {
	d := newDesk(t)
	first, one := d.create("ann")
	second, two := d.create("ann")
	handle := func(text string, mode commands.Mode) string {
		return show(d.stage.dispatcher.Handle(context.Background(), commands.Request{Text: text, Caller: permissions.Member{Local: true}, Mode: mode}))
	}
	if got := handle("!sessions end --user ann --except "+two.ID, commands.Only); !strings.Contains(got, "Plan: end 1 session of 1 person.\nKeys: "+one.Key) || d.ended(first) {
		t.Errorf("only planned: %s", got)
	}
	if got := handle("!sessions end --user ann --except "+two.ID, commands.Direct); got != "Ended 1 session.\n" || !d.ended(first) || d.ended(second) {
		t.Errorf("ended: %s", got)
	}
	if got := handle("!sessions list --json | jq -r .key", commands.Direct); got != two.Key+"\n" {
		t.Errorf("listed: %s", got)
	}
	if got := handle("!sessions cleanup --foreign", commands.Direct); !strings.HasPrefix(got, "Ended 0 of 1 session") {
		t.Errorf("cleaned up: %s", got)
	}
	if consent, err := d.store.Consent(t.Context()); consent.By != "local" || err != nil {
		t.Errorf("confirmed by %+v, %v", consent, err)
	}
}

// Ending a session is final: no undo brings it back, whoever ended it and whenever
// its key was deleted.
func TestNoUndoBringsAnEndedSessionBack(t *testing.T) {
	ends := map[string]func(d *desk, token sessions.Token, s sessions.Session) error{
		"logout": func(d *desk, token sessions.Token, _ sessions.Session) error {
			return d.store.Destroy(d.t.Context(), token)
		},
		"DestroyUser": func(d *desk, _ sessions.Token, _ sessions.Session) error {
			_, err := d.store.DestroyUser(d.t.Context(), "ann")
			return err
		},
		"DestroyKeys": func(d *desk, _ sessions.Token, s sessions.Session) error {
			_, err := d.store.DestroyKeys(d.t.Context(), []string{s.Key})
			return err
		},
		"sessions end": func(d *desk, _ sessions.Token, s sessions.Session) error {
			d.ask("!sessions end " + s.Key)
			d.ask("[Confirm forever]")
			return nil
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			token, s := d.create("ann")
			stays, other := d.create("bob")
			d.ask("!redis expire " + s.Key + " 1000")
			if err := end(d, token, s); err != nil {
				t.Fatal(err)
			}
			d.ask("!undo --force")
			d.ask("[Confirm]")
			if !d.ended(token) {
				t.Error("an undo of EXPIRE by force brought it back")
			}

			token, s = d.create("ann")
			d.ask("!redis del " + s.Key + " " + other.Key)
			d.ask("[Confirm]")
			if name == "sessions end" { // it is not there to be found
				return
			}
			if err := end(d, token, s); err != nil {
				t.Fatal(err)
			}
			if got := d.ask("!undo"); !strings.Contains(got, "1 is as before") || !strings.Contains(got, "1 is a session that was ended since, which is final") {
				t.Errorf("undo: %s", got)
			}
			if !d.ended(token) || d.ended(stays) {
				t.Error("an undo of DEL brought back what was ended, or not what was not")
			}
		})
	}
}

func TestSessionsOfACluster(t *testing.T) {
	d := newDeskAt(t, redistest.Cluster(t).URL())
	var tokens []sessions.Token
	for _, user := range []string{"ann", "bob", "carl", "dora", "", "", ""} {
		token, _ := d.create(user)
		tokens = append(tokens, token)
	}
	if got := d.ask("!sessions count"); !strings.HasPrefix(got, "sessions   7\nsigned in  4\nanonymous  3\n") {
		t.Errorf("count: %s", got)
	}
	if got := d.ask("!sessions | head -1"); got != "Sessions    7: 4 signed in, 3 anonymous, 0 others\n" {
		t.Errorf("overview: %s", got)
	}
	d.ask("!sessions list | xargs sessions end")
	if got := d.ask("[Confirm forever]"); !strings.Contains(got, "Ended 7 sessions.") {
		t.Errorf("ended: %s", got)
	}
	for _, token := range tokens {
		if !d.ended(token) {
			t.Error("one is still there")
		}
	}
}

func TestSessionsAreCompleted(t *testing.T) {
	d := newDesk(t)
	for text, want := range map[string]string{"!sessions l": "list", "!sessions list --n": "--no-ttl", "!sessions top a": "addresses", "!sess": "!sessions"} {
		if _, got := d.stage.dispatcher.Complete(text, len(text)); len(got) == 0 || got[len(got)-1] != want {
			t.Errorf("%q is completed by %q, want %q", text, got, want)
		}
	}
}

func TestATypedSessionIDIsNotKept(t *testing.T) {
	d := newDesk(t)
	const id = "3f2a9c01-91e4-4a77-8d00-0123456789ab"
	for _, line := range []string{"!sessions show " + id, "!sessions end session:" + id} {
		if kept := d.stage.dispatcher.Kept(line); strings.Contains(kept, id) {
			t.Errorf("kept is %q", kept)
		}
	}
}
