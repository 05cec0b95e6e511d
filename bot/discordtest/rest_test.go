package discordtest_test

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"

	"github.com/helix-collective/helix/bot/discordtest"
)

// silent lets a message ring nobody.
func silent() *discordgo.MessageAllowedMentions {
	return &discordgo.MessageAllowedMentions{Parse: []discordgo.AllowedMentionType{}}
}

// code answers the JSON error code of a refusal, 0 for success.
func code(t *testing.T, err error) int {
	t.Helper()
	if err == nil {
		return 0
	}
	var refused *discordgo.RESTError
	if !errors.As(err, &refused) || refused.Message == nil {
		t.Fatalf("not a refusal of Discord's: %v", err)
	}
	return refused.Message.Code
}

func TestMessagesThroughTheClient(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	s := client(t, d)
	ops := acme.ChannelID("#ops")
	asked := acme.As("ann").Says("#ops", "!help")

	sent, err := s.ChannelMessageSendComplex(ops, &discordgo.MessageSend{
		Content: "3", AllowedMentions: silent(),
		Reference: &discordgo.MessageReference{MessageID: asked.ID, ChannelID: ops},
		Files:     []*discordgo.File{{Name: "keys.txt", ContentType: "text/plain", Reader: strings.NewReader("session:1\n")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if sent.ReferencedMessage == nil || sent.ReferencedMessage.Content != "!help" {
		t.Errorf("the answer refers to %+v", sent.ReferencedMessage)
	}
	seen := asked.Sees("3", "session:1")
	if file, ok := seen.File("keys.txt"); !ok || string(file.Data) != "session:1\n" {
		t.Errorf("the file came as %+v", seen.Attachments)
	}
	downloaded, err := s.Client.Transport.(redirect).next.RoundTrip(get(t, sent.Attachments[0].URL))
	if err != nil || downloaded.StatusCode != http.StatusOK {
		t.Fatalf("download: %v %v", downloaded, err)
	}
	downloaded.Body.Close()

	if _, err := s.ChannelMessageEdit(ops, sent.ID, "4"); err != nil {
		t.Fatal(err)
	}
	if now := seen.Becomes("4"); now.EditedAt.IsZero() || len(now.Attachments) != 1 {
		t.Errorf("edited = %+v", now)
	}
	if err := s.ChannelMessageDelete(ops, sent.ID); err != nil {
		t.Fatal(err)
	}
	seen.Goes()
	if got := acme.In("#ops").Transcript(); got != "ann> !help" {
		t.Errorf("transcript = %q", got)
	}
}

func TestEditedAttachments(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops")
	s := client(t, d)
	ops := acme.ChannelID("#ops")
	file := func(name string) *discordgo.File { return &discordgo.File{Name: name, Reader: strings.NewReader(name)} }
	sent, err := s.ChannelMessageSendComplex(ops, &discordgo.MessageSend{Files: []*discordgo.File{file("a"), file("b")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		body string
		want []string
	}{
		{`{"content":"as they were"}`, []string{"a", "b"}},
		{`{"attachments":[{"id":"` + sent.Attachments[1].ID + `"}]}`, []string{"b"}},
		{`{"content":"none","attachments":[]}`, nil},
	} {
		path := discordgo.EndpointChannelMessage(ops, sent.ID)
		if _, err := s.RequestWithBucketID("PATCH", path, jsonValue(t, tc.body), path); err != nil {
			t.Fatal(err)
		}
		now, err := s.ChannelMessage(ops, sent.ID)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, a := range now.Attachments {
			names = append(names, a.Filename)
		}
		if !slices.Equal(names, tc.want) {
			t.Errorf("after %s: %q", tc.body, names)
		}
	}
	if _, err := s.ChannelMessageEditComplex(&discordgo.MessageEdit{
		ID: sent.ID, Channel: ops, Attachments: &[]*discordgo.MessageAttachment{}, Files: []*discordgo.File{file("c")},
	}); err != nil {
		t.Fatal(err)
	}
	if m := acme.In("#ops").Sees("none"); len(m.Attachments) != 1 || m.Attachments[0].Name != "c" {
		t.Errorf("attachments = %+v", m.Attachments)
	}
}

func get(t *testing.T, address string) *http.Request {
	t.Helper()
	req, err := http.NewRequest("GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestCatchingUp(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	s := client(t, d)
	var ids []string
	for _, word := range []string{"one", "two", "three", "four"} {
		ids = append(ids, acme.As("ann").Says("#ops", word).ID)
	}
	for _, tc := range []struct {
		limit                 int
		before, after, around string
		want                  string
	}{
		{100, "", "", "", "four three two one"},
		{2, "", "", "", "four three"},
		{100, "", ids[1], "", "four three"},
		{1, "", ids[0], "", "two"},
		{100, ids[2], "", "", "two one"},
		{1, ids[2], "", "", "two"},
		{3, "", "", ids[1], "three two one"},
		{3, "", "", ids[2], "four three two"},
		{100, "", ids[3], "", ""},
	} {
		found, err := s.ChannelMessages(acme.ChannelID("#ops"), tc.limit, tc.before, tc.after, tc.around)
		if err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, m := range found {
			words = append(words, m.Content)
		}
		if got := strings.Join(words, " "); got != tc.want {
			t.Errorf("%+v: %q", tc, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	const nobody = "999"
	type scene struct {
		s             *discordgo.Session
		g             *discordtest.Guild
		d             *discordtest.Discord
		ops, theirs   string
		ours, guildID string
	}
	send := func(sc scene, m *discordgo.MessageSend) error {
		m.AllowedMentions = silent()
		_, err := sc.s.ChannelMessageSendComplex(sc.ops, m)
		return err
	}
	hi := func(sc scene) error { return send(sc, &discordgo.MessageSend{Content: "hi"}) }
	for _, tc := range []struct {
		name string
		do   func(sc scene) error
		want int
	}{
		{"an unknown channel", func(sc scene) error { _, err := sc.s.Channel(nobody); return err }, 10003},
		{"an unknown guild", func(sc scene) error { _, err := sc.s.Guild(nobody); return err }, 10004},
		{"an unknown message", func(sc scene) error { _, err := sc.s.ChannelMessage(sc.ops, nobody); return err }, 10008},
		{"an unknown member", func(sc scene) error {
			_, err := sc.s.GuildMember(sc.guildID, sc.d.Guild("Other").Join("zoe").UserID("zoe"))
			return err
		}, 10007},
		{"an unknown user", func(sc scene) error { _, err := sc.s.GuildMember(sc.guildID, nobody); return err }, 10013},
		{"a hidden channel", func(sc scene) error { sc.g.Deny("#ops", "@everyone", discordtest.ViewChannel); return hi(sc) }, 50001},
		{"a silent channel", func(sc scene) error { sc.g.Deny("#ops", "@everyone", discordtest.SendMessages); return hi(sc) }, 50013},
		{"a guild that the bot has left", func(sc scene) error { sc.g.Expel(); return hi(sc) }, 50001},
		{"a file without the right", func(sc scene) error {
			sc.g.Deny("#ops", "@everyone", discordtest.AttachFiles)
			return send(sc, &discordgo.MessageSend{Files: []*discordgo.File{{Name: "a", Reader: bytes.NewReader([]byte("a"))}}})
		}, 50013},
		{"an embed without the right", func(sc scene) error {
			sc.g.Deny("#ops", "@everyone", discordtest.EmbedLinks)
			return send(sc, &discordgo.MessageSend{Embeds: []*discordgo.MessageEmbed{{Title: "t"}}})
		}, 50013},
		{"a reply without the right to history", func(sc scene) error {
			sc.g.Deny("#ops", "@everyone", discordtest.ReadMessageHistory)
			return send(sc, &discordgo.MessageSend{Content: "hi", Reference: &discordgo.MessageReference{MessageID: sc.theirs}})
		}, 160002},
		{"a reply to nothing", func(sc scene) error {
			return send(sc, &discordgo.MessageSend{Content: "hi", Reference: &discordgo.MessageReference{MessageID: nobody}})
		}, 50035},
		{"a reply that does not insist", func(sc scene) error {
			insist := false
			return send(sc, &discordgo.MessageSend{Content: "hi", Reference: &discordgo.MessageReference{MessageID: nobody, FailIfNotExists: &insist}})
		}, 0},
		{"an edit of somebody's message", func(sc scene) error { _, err := sc.s.ChannelMessageEdit(sc.ops, sc.theirs, "mine"); return err }, 50005},
		{"an edit to nothing", func(sc scene) error { _, err := sc.s.ChannelMessageEdit(sc.ops, sc.ours, ""); return err }, 50006},
		{"deleting somebody's message", func(sc scene) error { return sc.s.ChannelMessageDelete(sc.ops, sc.theirs) }, 50013},
		{"deleting it with the right", func(sc scene) error {
			sc.g.Allow("#ops", "helix", discordtest.ManageMessages)
			return sc.s.ChannelMessageDelete(sc.ops, sc.theirs)
		}, 0},
		{"a locked thread", func(sc scene) error {
			sc.g.Thread("#ops", "incident").Archive("incident", true)
			_, err := sc.s.ChannelMessageSend(sc.g.ChannelID("incident"), "hi")
			return err
		}, 50083},
		{"an archived thread opens", func(sc scene) error {
			sc.g.Thread("#ops", "incident").Archive("incident", false)
			_, err := sc.s.ChannelMessageSend(sc.g.ChannelID("incident"), "hi")
			return err
		}, 0},
		{"a text beside components v2", func(sc scene) error {
			m, err := sc.s.ChannelMessageSendComplex(sc.ops, &discordgo.MessageSend{
				Flags: discordgo.MessageFlagsIsComponentsV2, Components: []discordgo.MessageComponent{discordgo.TextDisplay{Content: "hi"}},
			})
			if err == nil {
				_, err = sc.s.ChannelMessageEdit(sc.ops, m.ID, "beside")
			}
			return err
		}, 50035},
		{"some people and all of them", func(sc scene) error {
			_, err := sc.s.ChannelMessageSendComplex(sc.ops, &discordgo.MessageSend{Content: "hi", AllowedMentions: &discordgo.MessageAllowedMentions{
				Parse: []discordgo.AllowedMentionType{discordgo.AllowedMentionTypeUsers}, Users: []string{nobody},
			}})
			return err
		}, 50035},
		{"a private thread of others", func(sc scene) error {
			sc.g.Allow("#ops", "helix", discordtest.CreatePrivateThreads)
			thread, err := sc.s.ThreadStart(sc.ops, "closed", discordgo.ChannelTypeGuildPrivateThread, 60)
			if err != nil {
				return err
			}
			if sc.g.Permissions("ann", "closed") != 0 {
				return errors.New("ann may look into it")
			}
			_, err = sc.s.ChannelMessageSend(thread.ID, "ours alone")
			return err
		}, 0},
		{"reacting without the right", func(sc scene) error {
			sc.g.Deny("#ops", "@everyone", discordtest.AddReactions)
			return sc.s.MessageReactionAdd(sc.ops, sc.theirs, "👍")
		}, 50013},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			d := discordtest.New(t)
			g := d.Guild("Acme").Text("#ops").Join("ann")
			sc := scene{s: client(t, d), g: g, d: d, ops: g.ChannelID("#ops"), guildID: g.ID, theirs: g.As("ann").Says("#ops", "hello").ID}
			ours, err := sc.s.ChannelMessageSend(sc.ops, "ours")
			if err != nil {
				t.Fatal(err)
			}
			sc.ours = ours.ID
			if got := code(t, tc.do(sc)); got != tc.want {
				t.Errorf("code = %d, want %d", got, tc.want)
			}
		})
	}
}

func TestWrongToken(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	s := client(t, d)
	s.Token = "Bot nonsense"
	_, err := s.User("@me")
	var refused *discordgo.RESTError
	if !errors.As(err, &refused) || refused.Response.StatusCode != http.StatusUnauthorized {
		t.Errorf("error = %v", err)
	}
}

func TestNonceIsSaidOnce(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Text("#dev")
	s := client(t, d)
	say := func(channel, nonce string, enforce bool) {
		t.Helper()
		body := map[string]any{"content": "hi", "nonce": nonce, "enforce_nonce": enforce}
		path := discordgo.EndpointChannelMessages(acme.ChannelID(channel))
		if _, err := s.RequestWithBucketID("POST", path, body, path); err != nil {
			t.Fatal(err)
		}
	}
	count := func(want int) {
		t.Helper()
		if got := len(acme.In("#ops").Messages()) + len(acme.In("#dev").Messages()); got != want {
			t.Errorf("%d messages, want %d", got, want)
		}
	}
	say("#ops", "a", true)
	say("#ops", "a", true)
	count(1)
	say("#ops", "b", true)
	say("#dev", "a", true)
	count(3)
	say("#ops", "a", false)
	count(4)
	d.Advance(10 * time.Minute)
	say("#ops", "b", true)
	count(5)
}

func TestWhatTheBotCanAsk(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t, discordtest.WithoutIntents(discordtest.IntentGuildMembers))
	acme := d.Guild("Acme").Text("#ops").Text("#hidden").Thread("#ops", "incident").Role("oncall").Join("ann", "oncall").
		Deny("#hidden", "@everyone", discordtest.ViewChannel)
	s := client(t, d)

	if me, err := s.User("@me"); err != nil || me.ID != d.BotID() || !me.Bot {
		t.Errorf("me = %+v, %v", me, err)
	}
	if app, err := s.Application("@me"); err != nil || app.Flags != 1<<13|1<<19 {
		t.Errorf("application = %+v, %v", app, err)
	}
	if guild, err := s.Guild(acme.ID); err != nil || guild.Name != "Acme" || len(guild.Roles) != 3 {
		t.Errorf("guild = %+v, %v", guild, err)
	}
	if roles, err := s.GuildRoles(acme.ID); err != nil || len(roles) != 3 {
		t.Errorf("roles = %+v, %v", roles, err)
	}
	if channels, err := s.GuildChannels(acme.ID); err != nil || len(channels) != 1 || channels[0].Name != "ops" {
		t.Errorf("channels = %+v, %v", channels, err)
	}
	if member, err := s.GuildMember(acme.ID, acme.UserID("ann")); err != nil || !slices.Equal(member.Roles, []string{acme.RoleID("oncall")}) {
		t.Errorf("member = %+v, %v", member, err)
	}
	if found, err := s.GuildMembersSearch(acme.ID, "AN", 5); err != nil || len(found) != 1 {
		t.Errorf("search = %+v, %v", found, err)
	}
	if _, err := s.GuildMembers(acme.ID, "", 10); code(t, err) != 50001 {
		t.Errorf("listing members without their intent: %v", err)
	}
	if threads, err := s.GuildThreadsActive(acme.ID); err != nil || len(threads.Threads) != 1 || threads.Threads[0].ParentID != acme.ChannelID("#ops") {
		t.Errorf("threads = %+v, %v", threads, err)
	}
	if err := s.ChannelTyping(acme.ChannelID("#ops")); err != nil {
		t.Error(err)
	}
	acme.In("#ops").AwaitTyping(1)
	if gateway, err := s.GatewayBot(); err != nil || gateway.SessionStartLimit.Remaining != 1000 {
		t.Errorf("gateway = %+v, %v", gateway, err)
	}
}

func TestThreadsAndDirectMessages(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Join("ann")
	s := client(t, d)
	asked := acme.As("ann").Says("#ops", "look")
	thread, err := s.MessageThreadStart(asked.ChannelID, asked.ID, "incident", 60)
	if err != nil || thread.ID != asked.ID || thread.ParentID != asked.ChannelID {
		t.Fatalf("thread = %+v, %v", thread, err)
	}
	if _, err := s.MessageThreadStart(asked.ChannelID, asked.ID, "again", 60); code(t, err) != 160004 {
		t.Errorf("a second thread: %v", err)
	}
	if _, err := s.ChannelMessageSend(thread.ID, "in here"); err != nil {
		t.Fatal(err)
	}
	acme.In("incident").Sees("in here")

	private, err := s.ThreadStart(asked.ChannelID, "closed", discordgo.ChannelTypeGuildPrivateThread, 60)
	if code(t, err) != 50013 {
		t.Errorf("a private thread without the right: %+v, %v", private, err)
	}
	direct, err := s.UserChannelCreate(acme.UserID("ann"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.ChannelMessageSend(direct.ID, "psst"); err != nil {
		t.Fatal(err)
	}
	acme.As("ann").Direct().Sees("psst")
}

func TestWhoElseSpeaks(t *testing.T) {
	t.Parallel()
	d := discordtest.New(t)
	acme := d.Guild("Acme").Text("#ops").Bot("deploybot").Join("ann").Join("bob")
	s := client(t, d)
	told := make(chan *discordgo.Message, 10)
	s.SyncEvents = true
	s.AddHandler(func(_ *discordgo.Session, m *discordgo.MessageCreate) { told <- m.Message })
	open(t, d, s)

	acme.Webhook("#ops", "alerts").Says("#ops", "from outside")
	if m := <-told; m.WebhookID == "" || m.Author.Username != "alerts" {
		t.Errorf("webhook = %+v", m)
	}
	acme.As("deploybot").Says("#ops", "deployed")
	if m := <-told; !m.Author.Bot || m.WebhookID != "" {
		t.Errorf("bot = %+v", m)
	}
	original := acme.As("ann").Says("#ops", "look at this")
	if m := <-told; m.Member == nil || m.Member.User != nil || m.GuildID != acme.ID {
		t.Errorf("person = %+v", m)
	}
	acme.As("bob").Forwards(original, "#ops")
	if m := <-told; m.MessageReference == nil || m.MessageReference.Type != discordgo.MessageReferenceTypeForward || m.Content != "" {
		t.Errorf("forwarded = %+v", m)
	}
	acme.As("bob").Replies(original, "indeed")
	if m := <-told; m.ReferencedMessage == nil || m.ReferencedMessage.Content != "look at this" {
		t.Errorf("reply = %+v", m)
	}
	acme.Undecodable("#ops")
	if m := <-told; m != nil && m.Author != nil {
		t.Errorf("an event that cannot be decoded came as %+v", m)
	}
}

func TestContentIsBlankWithoutItsIntent(t *testing.T) {
	t.Parallel()
	for _, allowed := range []bool{true, false} {
		var opts []discordtest.Option
		if !allowed {
			opts = append(opts, discordtest.WithoutIntents(discordtest.IntentMessageContent))
		}
		d := discordtest.New(t, opts...)
		acme := d.Guild("Acme").Text("#ops").Join("ann")
		asked := acme.As("ann").Says("#ops", "!help")
		m, err := client(t, d).ChannelMessage(asked.ChannelID, asked.ID)
		if err != nil || (m.Content == "!help") != allowed {
			t.Errorf("allowed %t: %+v, %v", allowed, m, err)
		}
	}
}
