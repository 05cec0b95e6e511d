package bot

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/helix-collective/helix/commands"
	"github.com/helix-collective/helix/permissions"
)

// errUndecided says that it is not known yet which servers are served.
var errUndecided = errors.New("it is not known yet which servers Helix serves")

// MemberIn answers who a member of a guild is in one of its channels, with the
// roles of this moment, as if they asked something there. A *commands.AbsentError
// says that they could not: they have left, or may not write there.
func (b *Bot) MemberIn(ctx context.Context, guild, channel, user string) (permissions.Member, error) {
	switch {
	case !b.awaitDecision(ctx):
		return permissions.Member{}, errUndecided
	case !b.serves(guild):
		return permissions.Member{}, &commands.AbsentError{Reason: "Helix does not serve that server."}
	}
	place, err := b.placeOf(ctx, guild, channel)
	if err != nil {
		return permissions.Member{}, err
	}
	var facts guildFacts
	if err := b.rest.do(ctx, call{method: http.MethodGet, path: "/guilds/" + guild}, &facts); err != nil {
		return permissions.Member{}, fmt.Errorf("read server %s: %w", guild, err)
	}
	var found struct {
		User  struct{ Username string } `json:"user"`
		Roles []string                  `json:"roles"`
	}
	err = b.rest.do(ctx, call{method: http.MethodGet, path: memberPath(guild, user)}, &found)
	switch {
	case hasStatus(err, http.StatusNotFound):
		return permissions.Member{}, &commands.AbsentError{Reason: "They are no member of this server any more."}
	case err != nil:
		return permissions.Member{}, fmt.Errorf("read member %s: %w", user, err)
	case !place.rights.rightsOf(facts, user, found.Roles).has(place.needed):
		return permissions.Member{}, &commands.AbsentError{Reason: "They may not write in that channel."}
	}
	m := permissions.Member{ID: user, Name: found.User.Username, Guild: guild, Channel: channel, Parent: place.parent}
	return facts.rank(m, found.Roles), nil
}

// place is a channel as what decides over who may write in it.
type place struct {
	rights channelFacts  // of the channel that it hangs on, if it is a thread
	needed permissions64 // to write there
	parent string        // of a thread
}

func (b *Bot) placeOf(ctx context.Context, guild, channel string) (place, error) {
	at := place{needed: viewChannel | sendMessages}
	facts, err := b.channelFacts(ctx, channel)
	if err != nil {
		return at, err
	}
	at.rights = facts
	if facts.Type.thread() {
		at.needed, at.parent = viewChannel|sendInThreads, facts.Parent
		if at.rights, err = b.channelFacts(ctx, facts.Parent); err != nil {
			return at, err
		}
	}
	if facts.Guild != guild {
		return at, errNoChannel
	}
	return at, nil
}

// errNoChannel says nothing of channels of other servers, nor of hidden ones.
var errNoChannel = &commands.AbsentError{Reason: "There is no such channel in this server, or Helix may not view it."}

func (b *Bot) channelFacts(ctx context.Context, channel string) (channelFacts, error) {
	var facts channelFacts
	err := b.rest.do(ctx, call{method: http.MethodGet, path: "/channels/" + channel}, &facts)
	switch {
	case hasStatus(err, http.StatusNotFound, http.StatusForbidden):
		return facts, errNoChannel
	case err != nil:
		return facts, fmt.Errorf("read channel %s: %w", channel, err)
	}
	return facts, nil
}

// elsewhere answers who asks in other channels of their guild.
func (b *Bot) elsewhere(caller permissions.Member) func(context.Context, string) (permissions.Member, error) {
	return func(ctx context.Context, channel string) (permissions.Member, error) {
		return b.MemberIn(ctx, caller.Guild, channel, caller.ID)
	}
}

// Post shows a reply in a channel that nobody asked it in. What has been posted
// under the same id in the last minutes is not posted again. The error is
// Discord's refusal, or why ctx ended.
func (b *Bot) Post(ctx context.Context, channel, id string, reply commands.Reply) error {
	o := occasion{id: id, channel: channel}
	a := b.compose(o, reply)
	_, err := b.postAnswer(ctx, o, a, nonce("post "+id))
	if len(a.files) > 0 && refusesFile(err) {
		_, err = b.postAnswer(ctx, o, a.withoutFile(err), nonce("post "+id+" without file"))
	}
	if err != nil {
		return fmt.Errorf("post in channel %s: %w", channel, err)
	}
	return nil
}
