// Package discordtest is a Discord within the test's own process: the gateway,
// the REST interface and the people, for driving a real bot from outside.
package discordtest
