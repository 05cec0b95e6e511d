// Package discordtest is a Discord within the test's own process: gateway, REST
// interface and people, for driving a real bot from outside. It never reaches
// beyond the loopback interface.
//
// A test builds a world in words, connects the bot, and lets people act:
//
//	d := discordtest.New(t)
//	acme := d.Guild("Acme").
//		Text("#ops").
//		Role("oncall").
//		Join("ann", "oncall").
//		Join("guest").
//		Deny("#ops", "guest", discordtest.SendMessages)
//
//	startBot(t, d.URL(), d.Token()) // discord.api_url and the token
//	d.Gateway().AwaitReady(1)
//
//	reply := acme.As("ann").Says("#ops", "!redis dbsize").Sees("3")
//	if len(reply.Pings) != 0 {
//		t.Errorf("the answer rings %q", reply.Pings)
//	}
//	acme.As("ann").Clicks(reply, "Next")
//	reply.Becomes("page 2")
//	acme.In("#ops").SeesNothing(50 * time.Millisecond)
//
// Waiting has a deadline (WithPatience) and a failure shows what was said in
// the channel. A message is seen once: Sees after Sees finds the next one.
//
// Things go wrong on request: FailNext and Limit for REST, the methods of
// Gateway for the connection, Advance for deadlines.
//
// # What is checked
//
// Every REST request is held against Discord's OpenAPI description and against
// the limits that it leaves out (2,000 characters, 6,000 in embeds, 5 × 5
// components, …). A property that the description does not name is a violation
// too, although Discord ignores it: it is a typing error or a feature that does
// nothing. What discordgo always sends wrongly is excused one by one. A
// violation fails the test at its end, with the request, unless the test called
// AllowViolations.
//
// The description is the file that HELIX_DISCORD_OPENAPI names, or else
// ../shared/discord/openapi.json beside the repository. Without either only the
// limits are checked, except in CI and under HELIX_REQUIRE_REDIS=1, where its
// absence fails the test.
//
// # Where this Discord differs
//
// It is stricter: mentions in code blocks ring; allowed_mentions with a null
// list is taken as not given; a person without the right to speak fails the
// test rather than being refused. It is simpler: a session cannot be resumed,
// identifying is not limited to one in five seconds unless Pace says so, rate limits are far away
// unless Limit sets them, and a person's own client sends nothing but what the
// test says.
package discordtest
