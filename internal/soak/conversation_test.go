package soak

import (
	"fmt"
	"strings"
)

// topic is something that people say again and again.
type topic struct {
	weight int
	text   string // %d is a number that is said once, a leading @ a mention of the bot
	sees   string // what the answer has to contain; "": whatever it says
	silent bool   // it is not for helix: no answer
	guest  bool   // said by somebody without rights
	press  string // the button of its plan that is pressed
	then   string // what the answer says after that
}

// topics are what a soak talks about.
func topics() []topic {
	return []topic{
		{weight: 8, text: "!redis dbsize", sees: "1 line"},
		{weight: 8, text: "!redis keys session:* | wc -l", sees: "```"},
		{weight: 6, text: "!redis ttl session:none%d", sees: "-2"},
		{weight: 4, text: `!redis redis-cli --scan --pattern "session:user:*" | cut -d: -f3 | sort | uniq -c | sort -rn | head -10`, sees: "@example.com"},
		{weight: 4, text: "!redis info memory | grep used_memory_human", sees: "used_memory_human"},
		{weight: 3, text: "!for i in 1 2 3; do echo $((i+%d)); done", sees: "3 lines"},
		{weight: 3, text: "!redis keys session:* | head -3 | xargs -n 1 redis get", sees: "user_id"},
		{weight: 1, text: `!redis info memory | awk -F: '/^used_memory:/ {print "n"}'`, sees: "n"},
		{weight: 3, text: "!sessions", sees: "sessions"},
		{weight: 3, text: "!sessions count", sees: "signed in"},
		{weight: 2, text: "!sessions top users 3", sees: "@example.com"},
		{weight: 2, text: "!sessions list --user u7@example.com | wc -l", sees: "```"},
		{weight: 1, text: "!sessions who 203.0.113.7", sees: ""},
		{weight: 1, text: "!sessions cleanup --plan", sees: "Plan: end"},
		{weight: 2, text: "!config get redis.session_ttl", sees: "86400"},
		{weight: 2, text: "!status", sees: ""},
		{weight: 2, text: "!alerts", sees: ""},
		{weight: 2, text: "!help sort", sees: "sort"},
		{weight: 1, text: "!audit --verb config 3", sees: ""},
		{weight: 1, text: "!why redis del session:1", sees: "destroy"},
		{weight: 1, text: "!chart sessions 1h", sees: ""},

		{weight: 6, text: "!redis set soak:%d hello", sees: "OK"},
		{weight: 3, text: "!redis incr soak:counter", sees: "```"},
		{weight: 2, text: "!redis set soak:last hello; redis expire soak:last 900", sees: ""},
		{weight: 1, text: "!undo", sees: ""},
		{weight: 3, text: "!config set alerts.session_count=1%04[1]d", sees: "alerts.session_count"},

		{weight: 2, text: "!redis set soak:a:%[1]d x; redis set soak:b:%[1]d y", sees: "Plan", press: "Cancel", then: "Cancelled by"},
		{weight: 2, text: "!redis keys session:3f* | tail -3 | xargs redis del soak:counter", sees: "Plan", press: "Confirm", then: "carried out"},
		{weight: 1, text: "!redis keys session:* | head -5 | xargs -I {} redis expire {} 60", sees: "Plan", press: "Confirm", then: "carried out"},
		{weight: 1, text: "!redis del soak:counter soak:last soak:none", sees: "Plan", press: "Cancel", then: "Cancelled by"},

		{weight: 2, text: "!redis info", sees: "page 1 of", press: "Next", then: "page 2 of"},

		{weight: 3, text: "hello everybody %d", silent: true},
		{weight: 2, text: "!redis dbsize", silent: true, guest: true}, // it is no channel where helix tells strangers what they lack
		{weight: 2, text: "@redis dbsize", sees: "You need **read**", guest: true},
		{weight: 1, text: "@redis flushall", sees: "You need", guest: true},
		{weight: 1, text: `!redis get "abc`, sees: "never closed"},
		{weight: 1, text: "!redis keys “session:*”", sees: "curly"},
		{weight: 1, text: "!reids dbsize", sees: "Did you mean"},
		{weight: 1, text: "!cat /etc/passwd", sees: "standard input"},
		{weight: 1, text: "!redis keys * > /tmp/x", sees: "^"},
		{weight: 1, text: "!while true; do echo @everyone; done", sees: "limit"},
		{weight: 1, text: "!redis shutdown", sees: "refused"},
		{weight: 1, text: "!echo '```' '@everyone' '<@&1>' '\u202e\u0000\x1b[31m'", sees: ""},
		{weight: 1, text: "!echo " + strings.Repeat("$(", 40) + strings.Repeat(")", 40), sees: ""},
		{weight: 1, text: "!redis set soak:long " + strings.Repeat("x", 1900), sees: "OK"},
		{weight: 1, text: "!config set redis.session_ttl=-%d", sees: "Nothing was changed"},
	}
}

// inWords are refusals that say why, and what to do.
var inWords = []string{
	"commands are waiting in this channel already",
	"which is all that may at once. Try again in a moment.",
	"Wait until one has ended.",
}

// said answers a topic's words, the nth time that anything is said.
func (t topic) said(n int, bot string) string {
	text := t.text
	if strings.Contains(text, "%") {
		text = fmt.Sprintf(text, n%10_000)
	}
	if rest, mentions := strings.CutPrefix(text, "@"); mentions {
		return bot + " " + rest
	}
	return text
}

func refusedInWords(text string) bool {
	for _, words := range inWords {
		if strings.Contains(text, words) {
			return true
		}
	}
	return false
}
