package outbound

import "testing"

func TestWhatRequestsBelongTo(t *testing.T) {
	for _, c := range []struct {
		method, path string
		want         where
	}{
		{"POST", "/channels/12/messages", where{"POST /channels//messages", "channels/12", "0/channels/12/messages", false}},
		{"GET", "/channels/12/messages?limit=100", where{"GET /channels//messages", "channels/12", "", false}},
		{"PATCH", "/channels/12/messages/34", where{"PATCH /channels//messages/", "channels/12", "/channels/12/messages/34", false}},
		{"DELETE", "/channels/12/messages/34", where{"DELETE /channels//messages/", "channels/12", "/channels/12/messages/34", false}},
		{"PUT", "/channels/12/messages/34/reactions/%F0%9F%91%8D/@me",
			where{"PUT /channels//messages//reactions//@me", "channels/12", "/channels/12/messages/34/reactions/%F0%9F%91%8D/@me", false}},
		{"GET", "/guilds/5/members/6", where{"GET /guilds//members/", "guilds/5", "", false}},
		{"POST", "/interactions/7/tok/callback", where{"POST /interactions///callback", "interactions/7/tok", "0/interactions/7/tok/callback", true}},
		{"PATCH", "/webhooks/8/tok/messages/@original",
			where{"PATCH /webhooks///messages/@original", "webhooks/8/tok", "/webhooks/8/tok/messages/@original", true}},
		{"GET", "/gateway/bot", where{"GET /gateway/bot", "gateway", "", false}},
		{"PUT", "/applications/9/guilds/5/commands", where{"PUT /applications//guilds//commands", "applications", "/applications/9/guilds/5/commands", false}},
		{"GET", "/", where{"GET /", "", "", false}},
		{"GET", "channels", where{"GET /channels", "channels", "", false}},
	} {
		if got := whereOf(Request{Method: c.method, Path: c.path}); got != c.want {
			t.Errorf("%s %s belongs to %+v, want %+v", c.method, c.path, got, c.want)
		}
	}
}
