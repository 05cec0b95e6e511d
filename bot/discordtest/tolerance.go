package discordtest

import "strings"

// tolerance excuses one thing that discordgo 0.29.0 always sends and Discord
// always ignores. It fits exactly one rule at one place with one value; a test
// fails for each that discordgo does not need.
type tolerance struct {
	operation string
	pointer   string // * is any array index
	rule      string
	value     string // JSON; {name} is a path parameter, {digits} a number in quotes
}

// tolerances are the library's quirks.
func tolerances() []tolerance {
	var all []tolerance
	add := func(operation, pointer, rule string, values map[string]string) {
		for name, value := range values {
			all = append(all, tolerance{operation, pointer + "/" + name, rule, value})
		}
	}
	add("update_message", "", "unknown", map[string]string{"ID": `"{message_id}"`, "Channel": `"{channel_id}"`})
	add("create_thread_from_message", "", "unknown", map[string]string{"invitable": "false"})
	add("create_interaction_response", "/data", "unknown", map[string]string{
		"tts": "false", "content": `""`, "embeds": "null", "components": "null",
	})
	for _, op := range []string{"bulk_set_application_commands", "bulk_set_guild_application_commands"} {
		for _, options := range []string{"/*/options/*", "/*/options/*/options/*"} {
			add(op, options, "unknown", map[string]string{
				"channel_types": "null", "options": "null", "choices": "null", "autocomplete": "false",
			})
		}
		add(op, "/*", "type", map[string]string{"default_member_permissions": "{digits}"})
	}
	return all
}

// excuses tells whether the tolerance fits a violation.
func (t tolerance) excuses(operation string, params map[string]string, v Violation) bool {
	return t.operation == operation && t.rule == v.Rule && samePointer(t.pointer, v.Pointer) && t.sameValue(params, v.Value)
}

func (t tolerance) sameValue(params map[string]string, value string) bool {
	if t.value == "{digits}" {
		inner, quoted := strings.CutPrefix(value, `"`)
		inner, ended := strings.CutSuffix(inner, `"`)
		return quoted && ended && isSnowflake(inner)
	}
	want := t.value
	for name, is := range params {
		want = strings.ReplaceAll(want, "{"+name+"}", is)
	}
	return want == value
}

// samePointer holds a pointer against a pattern in which * is an array index.
func samePointer(pattern, pointer string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(pointer, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		if want[i] != got[i] && !(want[i] == "*" && isSnowflake(got[i])) {
			return false
		}
	}
	return true
}
