package discordtest

import (
	"fmt"
	"time"
)

// How long an interaction waits for its first answer, and for all further ones.
const (
	answerWithin    = 3 * time.Second
	followUpsWithin = 15 * time.Minute
)

// Discord's interaction types.
const (
	interactionCommand      = 2
	interactionComponent    = 3
	interactionAutocomplete = 4
	interactionModal        = 5
)

// Discord's interaction callback types.
const (
	callbackMessage       = 4
	callbackDeferMessage  = 5
	callbackDeferUpdate   = 6
	callbackUpdateMessage = 7
	callbackAutocomplete  = 8
	callbackModal         = 9
)

// interaction is one use of a command, component or modal.
type interaction struct {
	d            *Discord
	id, token    string
	kind         int
	by           *user
	channel      *channel
	at           time.Time
	message      *message // the one whose component was used
	acknowledged bool
	callback     int      // how it was acknowledged
	original     *message // what @original names
	messages     []*message
	modal        object
	choices      []object
}

// interact makes an interaction and tells the bot of it. The caller holds mu.
func (d *Discord) interact(kind int, by *user, ch *channel, m *message, data object) *interaction {
	i := &interaction{d: d, id: d.ids.at(d.now()), kind: kind, by: by, channel: ch, at: d.now(), message: m}
	i.token = "interaction-token-" + i.id
	d.interactions[i.id], d.tokens[i.token] = i, i
	for _, c := range d.gateway.conns {
		if c.ready { // interactions need no intent
			c.dispatch("INTERACTION_CREATE", i.wire(data))
		}
	}
	return i
}

func (i *interaction) wire(data object) object {
	o := object{
		"id": i.id, "application_id": i.d.bot.id, "type": i.kind, "token": i.token, "version": 1,
		"data": data, "channel_id": i.channel.id, "channel": i.channel.wire(), "locale": "en-US",
		"app_permissions":                i.d.mayIn(i.channel, i.d.bot).String(),
		"entitlements":                   list{},
		"authorizing_integration_owners": object{},
		"attachment_size_limit":          fileLimit,
	}
	if i.message != nil {
		o["message"] = i.message.wire()
	}
	g := i.channel.guild
	if g == nil {
		o["user"], o["context"] = i.by.wire(), 1
		return o
	}
	member := g.members[i.by.id]
	o["guild_id"], o["guild_locale"], o["context"] = g.ID, "en-US", 0
	o["guild"] = object{"id": g.ID, "locale": "en-US", "features": list{}}
	o["member"] = with(member.wire(), "permissions", g.permissionsIn(i.channel, member).String())
	o["authorizing_integration_owners"] = object{"0": g.ID}
	return o
}

// metadata is what messages say of the interaction that they answer.
func (i *interaction) metadata() object {
	return object{
		"id": i.id, "type": i.kind, "user": i.by.wire(),
		"authorizing_integration_owners": object{},
	}
}

// draft is an empty message of the bot in answer to the interaction.
func (i *interaction) draft() *message {
	m := &message{author: i.d.bot, channel: i.channel, origin: i, webhookID: i.d.bot.id}
	m.d = i.d
	if i.message != nil {
		m.replyTo(i.message)
	}
	if i.kind == interactionCommand {
		m.kind = messageCommand
	}
	return m
}

// post puts an answer into the channel, or before the one person's eyes.
func (i *interaction) post(m *message) {
	if i.ephemeral(m) {
		m.Ephemeral, m.viewer = true, i.by
	}
	i.d.store(m)
	i.messages = append(i.messages, m)
}

func (i *interaction) ephemeral(m *message) bool { return m.Flags&flagEphemeral != 0 }

// createInteractionResponse is the first answer to an interaction.
func (c *call) createInteractionResponse() (any, *apiError) {
	i := c.d.interactions[c.params["interaction_id"]]
	switch {
	case i == nil || i.token != c.params["interaction_token"]:
		return nil, refusal(codeUnknownInteraction)
	case i.acknowledged:
		return nil, refusal(codeAlreadyAcknowledged)
	case c.d.now().Sub(i.at) > answerWithin:
		return nil, refusal(codeUnknownInteraction)
	}
	kind := number(c.body["type"])
	if !i.takes(kind) {
		return nil, invalidForm("INTERACTION_TYPE_INVALID", fmt.Sprintf("Callback type %d does not answer this interaction", kind), "type")
	}
	c.body = fields(c.body["data"])
	if refused := c.acknowledge(i, kind); refused != nil {
		return nil, refused
	}
	i.acknowledged, i.callback = true, kind
	c.d.touch()
	if c.query.Get("with_response") != "true" {
		return nil, nil
	}
	return i.response(kind), nil
}

// takes tells which callbacks answer which interaction.
func (i *interaction) takes(callback int) bool {
	switch callback {
	case callbackMessage, callbackDeferMessage:
		return i.kind != interactionAutocomplete
	case callbackDeferUpdate, callbackUpdateMessage:
		return i.message != nil && i.kind != interactionAutocomplete
	case callbackAutocomplete:
		return i.kind == interactionAutocomplete
	case callbackModal:
		return i.kind == interactionCommand || i.kind == interactionComponent
	}
	return false
}

func (c *call) acknowledge(i *interaction, kind int) *apiError {
	switch kind {
	case callbackMessage:
		m := i.draft()
		if refused := c.fill(m); refused != nil {
			return refused
		}
		i.post(m)
		i.original = m
	case callbackDeferMessage:
		m := i.draft()
		m.Flags, m.Loading = number(c.body["flags"])|flagLoading, true
		i.post(m)
		i.original = m
	case callbackDeferUpdate:
		i.original = i.message
		i.messages = append(i.messages, i.message)
	case callbackUpdateMessage:
		if i.message.Deleted {
			return refusal(codeUnknownMessage)
		}
		i.original = i.message
		i.messages = append(i.messages, i.message)
		_, refused := c.edit(i.message)
		return refused
	case callbackAutocomplete:
		i.choices = objects(c.body["choices"])
	case callbackModal:
		i.modal = c.body
	}
	return nil
}

// response is what with_response asks for.
func (i *interaction) response(kind int) object {
	o := object{
		"interaction": object{"id": i.id, "type": i.kind},
		"resource":    object{"type": kind},
	}
	if i.original != nil {
		inner := fields(o["interaction"])
		inner["response_message_id"] = i.original.ID
		inner["response_message_loading"] = i.original.Loading
		inner["response_message_ephemeral"] = i.original.Ephemeral
		fields(o["resource"])["message"] = i.original.wire()
	}
	return o
}
