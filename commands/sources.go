package commands

import (
	"context"
	"strings"

	"github.com/helix-collective/helix/settings"
)

// source answers what could stand where somebody types. What does not fit what
// they typed is sorted out afterwards.
type source func(ctx context.Context, c *completer) []Suggestion

// settingSource offers the settings, each with what it is now.
func settingSource(_ context.Context, c *completer) []Suggestion {
	var list []Suggestion
	for _, item := range c.snapshot().Items("") {
		list = append(list, Suggestion{item.Key + " = " + c.clean(orDash(item.Value.String())), item.Key})
	}
	return list
}

// assignmentSource offers the settings with room for a value.
func assignmentSource(_ context.Context, c *completer) []Suggestion {
	if key, _, ok := strings.Cut(c.word, "="); ok {
		var list []Suggestion
		for _, s := range valuesOf(key) {
			list = append(list, Suggestion{key + "=" + s.Label, key + "=" + s.Value})
		}
		return list
	}
	keys := settingKeys()
	for i := range keys {
		keys[i] += "="
	}
	return plainly(keys)
}

// valueSource offers values of the setting that was chosen.
func valueSource(_ context.Context, c *completer) []Suggestion { return valuesOf(c.values["key"]) }

// valuesOf offers what a setting could be: all values where they are few, and
// else those that people use.
func valuesOf(key string) []Suggestion {
	s, err := settings.Lookup(key)
	if err != nil || s.Secret {
		return nil
	}
	switch s.Kind {
	case settings.Enum:
		return plainly(s.Allowed)
	case settings.Boolean:
		return plainly([]string{"true", "false"})
	case settings.Duration:
		return withinRange(s, durations())
	case settings.Percent:
		return withinRange(s, []string{"50", "70", "80", "90", "95"})
	case settings.Bytes:
		return withinRange(s, []string{"1mb", "10mb", "100mb", "1gb", "2gb"})
	}
	var list []Suggestion
	for _, profile := range []string{settings.Production, settings.Development} {
		if value := s.For(profile); value != "" {
			list = append(list, Suggestion{value + " (" + profile + ")", value})
		}
	}
	return list
}

// withinRange leaves the values that a setting takes; its default comes first.
func withinRange(s settings.Setting, values []string) []Suggestion {
	var list []Suggestion
	if v, err := s.Parse(s.Default); err == nil {
		list = append(list, Suggestion{v.Human() + " (by default)", v.String()})
	}
	for _, value := range values {
		if v, err := s.Parse(value); err == nil && v.String() != s.Default {
			list = append(list, Suggestion{v.Human(), value})
		}
	}
	return list
}

func durations() []string {
	return []string{"30s", "1m", "5m", "10m", "15m", "30m", "1h", "6h", "12h", "1d", "7d", "30d"}
}

func durationSource(context.Context, *completer) []Suggestion { return plainly(durations()) }

func verbSource(_ context.Context, c *completer) []Suggestion { return plainly(c.verbNames("")) }

func roleSource(_ context.Context, c *completer) []Suggestion { return plainly(c.Policy.Names()) }

func topicSource(_ context.Context, c *completer) []Suggestion { return plainly(c.topics()) }

// changeSource offers changes that can be taken back.
func changeSource(_ context.Context, c *completer) []Suggestion {
	list := plainly([]string{"list"})
	for _, s := range c.undoableChanges() {
		list = append(list, Suggestion{s.ID + ": " + c.clean(clipLine(s.Line)) + ", " + s.Name, s.ID})
	}
	return list
}

// planSource offers plans that wait for somebody to agree.
func planSource(ctx context.Context, c *completer) []Suggestion {
	var list []Suggestion
	for _, p := range c.waitingPlans(ctx) {
		list = append(list, Suggestion{p.ID + ": " + c.clean(clipLine(p.Line)) + ", " + p.Name, p.ID})
	}
	return list
}

// clean is a text as the person may see it.
func (c *completer) clean(text string) string {
	if !c.redact {
		return text
	}
	return string(c.Redactor.Text([]byte(text)))
}
