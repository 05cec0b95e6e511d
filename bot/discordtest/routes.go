package discordtest

import (
	"net/http"
	"strings"
)

// route is one operation of the REST interface, under its name in Discord's
// OpenAPI description.
type route struct {
	op     string
	method string
	path   string
	handle handler
	open   bool // needs no bot token: its own is in the path
}

// routes are the operations that this Discord serves.
func routes() []route {
	const (
		message  = "/channels/{channel_id}/messages/{message_id}"
		reaction = message + "/reactions/{emoji_name}"
		hook     = "/webhooks/{webhook_id}/{webhook_token}"
		app      = "/applications/{application_id}"
	)
	return []route{
		{op: "get_gateway", method: "GET", path: "/gateway", handle: (*call).getGateway, open: true},
		{op: "get_bot_gateway", method: "GET", path: "/gateway/bot", handle: (*call).getBotGateway},
		{op: "get_my_user", method: "GET", path: "/users/@me", handle: (*call).getMyUser},
		{op: "get_user", method: "GET", path: "/users/{user_id}", handle: (*call).getUser},
		{op: "list_my_guilds", method: "GET", path: "/users/@me/guilds", handle: (*call).listMyGuilds},
		{op: "create_dm", method: "POST", path: "/users/@me/channels", handle: (*call).createDM},
		{op: "get_my_application", method: "GET", path: "/applications/@me", handle: (*call).getMyApplication},
		{op: "get_my_oauth2_application", method: "GET", path: "/oauth2/applications/@me", handle: (*call).getMyApplication},

		{op: "get_guild", method: "GET", path: "/guilds/{guild_id}", handle: (*call).getGuild},
		{op: "list_guild_channels", method: "GET", path: "/guilds/{guild_id}/channels", handle: (*call).listGuildChannels},
		{op: "list_guild_roles", method: "GET", path: "/guilds/{guild_id}/roles", handle: (*call).listGuildRoles},
		{op: "list_guild_members", method: "GET", path: "/guilds/{guild_id}/members", handle: (*call).listGuildMembers},
		{op: "search_guild_members", method: "GET", path: "/guilds/{guild_id}/members/search", handle: (*call).searchGuildMembers},
		{op: "get_guild_member", method: "GET", path: "/guilds/{guild_id}/members/{user_id}", handle: (*call).getGuildMember},
		{op: "list_guild_audit_log_entries", method: "GET", path: "/guilds/{guild_id}/audit-logs", handle: (*call).listAuditLog},
		{op: "get_active_guild_threads", method: "GET", path: "/guilds/{guild_id}/threads/active", handle: (*call).getActiveThreads},

		{op: "get_channel", method: "GET", path: "/channels/{channel_id}", handle: (*call).getChannel},
		{op: "trigger_typing_indicator", method: "POST", path: "/channels/{channel_id}/typing", handle: (*call).triggerTyping},
		{op: "list_messages", method: "GET", path: "/channels/{channel_id}/messages", handle: (*call).listMessages},
		{op: "create_message", method: "POST", path: "/channels/{channel_id}/messages", handle: (*call).createMessage},
		{op: "get_message", method: "GET", path: message, handle: (*call).getMessage},
		{op: "update_message", method: "PATCH", path: message, handle: (*call).updateMessage},
		{op: "delete_message", method: "DELETE", path: message, handle: (*call).deleteMessage},
		{op: "add_my_message_reaction", method: "PUT", path: reaction + "/@me", handle: (*call).addReaction},
		{op: "delete_my_message_reaction", method: "DELETE", path: reaction + "/@me", handle: (*call).deleteReaction},
		{op: "create_thread_from_message", method: "POST", path: message + "/threads", handle: (*call).threadFromMessage},
		{op: "create_thread", method: "POST", path: "/channels/{channel_id}/threads", handle: (*call).createThread},
		{op: "join_thread", method: "PUT", path: "/channels/{channel_id}/thread-members/@me", handle: (*call).joinThread},
		{op: "update_channel", method: "PATCH", path: "/channels/{channel_id}", handle: (*call).updateChannel},

		{op: "create_interaction_response", method: "POST", path: "/interactions/{interaction_id}/{interaction_token}/callback", handle: (*call).createInteractionResponse, open: true},
		{op: "execute_webhook", method: "POST", path: hook, handle: (*call).executeWebhook, open: true},
		{op: "get_original_webhook_message", method: "GET", path: hook + "/messages/@original", handle: (*call).getWebhookMessage, open: true},
		{op: "update_original_webhook_message", method: "PATCH", path: hook + "/messages/@original", handle: (*call).updateWebhookMessage, open: true},
		{op: "delete_original_webhook_message", method: "DELETE", path: hook + "/messages/@original", handle: (*call).deleteWebhookMessage, open: true},
		{op: "get_webhook_message", method: "GET", path: hook + "/messages/{message_id}", handle: (*call).getWebhookMessage, open: true},
		{op: "update_webhook_message", method: "PATCH", path: hook + "/messages/{message_id}", handle: (*call).updateWebhookMessage, open: true},
		{op: "delete_webhook_message", method: "DELETE", path: hook + "/messages/{message_id}", handle: (*call).deleteWebhookMessage, open: true},

		{op: "list_application_commands", method: "GET", path: app + "/commands", handle: (*call).listCommands},
		{op: "bulk_set_application_commands", method: "PUT", path: app + "/commands", handle: (*call).setCommands},
		{op: "list_guild_application_commands", method: "GET", path: app + "/guilds/{guild_id}/commands", handle: (*call).listCommands},
		{op: "bulk_set_guild_application_commands", method: "PUT", path: app + "/guilds/{guild_id}/commands", handle: (*call).setCommands},
	}
}

// matchRoute finds the operation of a request, preferring literal segments
// (@me, @original) to parameters. The route of a request that is not served has
// no handler.
func matchRoute(method, path string) (route, map[string]string) {
	var best route
	var bestParams map[string]string
	for _, rt := range routes() {
		if rt.method != method {
			continue
		}
		params, ok := matchPath(rt.path, path)
		if ok && (best.handle == nil || len(params) < len(bestParams)) {
			best, bestParams = rt, params
		}
	}
	return best, bestParams
}

// matchPath holds a path against a template with {parameters}.
func matchPath(template, path string) (params map[string]string, ok bool) {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return nil, false
	}
	params = map[string]string{}
	for i, segment := range want {
		name, isParam := strings.CutPrefix(segment, "{")
		switch {
		case isParam && got[i] != "":
			params[strings.TrimSuffix(name, "}")] = got[i]
		case segment != got[i]:
			return nil, false
		}
	}
	return params, true
}

// bucketKey names a request's rate-limit bucket: the operation with the
// parameters that Discord counts separately.
func bucketKey(rt route, params map[string]string) string {
	key := rt.op
	for _, major := range []string{"channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_id"} {
		if value := params[major]; value != "" {
			key += " " + value
		}
	}
	return key
}

// getGateway answers where the gateway is.
func (c *call) getGateway() (any, *apiError) {
	return object{"url": c.d.GatewayURL()}, nil
}

// getBotGateway answers where the gateway is and how many sessions may start.
func (c *call) getBotGateway() (any, *apiError) {
	s := c.d.gateway.starts
	return object{
		"url": c.d.GatewayURL(), "shards": c.d.gateway.wanted,
		"session_start_limit": object{
			"total": s.total, "remaining": s.remaining,
			"reset_after": s.resetAfter.Milliseconds(), "max_concurrency": s.concurrency,
		},
	}, nil
}

// created marks the call's success as 201.
func (c *call) created() { c.status = http.StatusCreated }
