package commands

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/helix-collective/helix/shell"
)

func statusVerb() verb {
	return verb{
		name:     "status",
		summary:  "how Redis and Helix are",
		usage:    []string{"", "watch [TIME]"},
		details:  "watch keeps the answer up to date on Discord, for 30m or the time that is named, 24h at most. The next\none in a channel takes its place.",
		reads:    always,
		examples: []string{"!status", "!status watch 1h"},
		slash: SlashVerb{Forms: []SlashForm{{Options: []SlashOption{
			{Name: "watch", Summary: "keep the answer up to date", Kind: Switch, flag: "watch"},
			{Name: "time", Summary: "for how long: 1m to 24h, as in 1h", source: durationSource},
		}}}},
		run: func(ctx context.Context, t *turn, call *shell.Call) (int, error) {
			if err := t.watchStatus(call); err != nil {
				return 0, err
			}
			card, err := t.statusCard(ctx)
			if err != nil {
				return 0, err
			}
			if call.Final {
				t.addStatusPicture(ctx)
			}
			return 0, t.cards.write(call.Stdout, card)
		},
	}
}

// Watch says how an answer is kept up to date: by saying a line again, for a
// while.
type Watch struct {
	Line       string
	Every, For time.Duration
}

const (
	watchEvery   = 15 * time.Second
	watchUsually = 30 * time.Minute
	watchLongest = 24 * time.Hour
)

// StatusWatch keeps a status up to date for so long, a day at most. Its line is for
// a message that mentions Helix.
func StatusWatch(lasts time.Duration) Watch {
	return Watch{Line: statusVerb().name, Every: watchEvery, For: min(lasts, watchLongest)}
}

// watchStatus has the answer kept up to date, if the call asks for that.
func (t *turn) watchStatus(call *shell.Call) error {
	words := call.Texts()
	lasts := watchUsually
	switch {
	case len(words) == 0:
		return nil
	case words[0] != "watch" || len(words) > 2:
		return t.misused(statusVerb(), "`status` takes nothing, or watch and for how long.")
	case len(words) == 2:
		asked, ok := timeOf(words[1])
		if !ok || asked > watchLongest || asked < time.Minute {
			return t.misused(statusVerb(), "`%s` is no time from 1m to 24h.", words[1])
		}
		lasts = asked
	}
	if call.Final {
		t.watch = &Watch{Line: t.prefix() + "status", Every: watchEvery, For: lasts}
	}
	return nil
}

// statusCard is what one look at Redis and at Helix tells.
func (t *turn) statusCard(ctx context.Context) (Card, error) {
	text, err := t.Client.Info(ctx).Result()
	if err != nil {
		return Card{}, fmt.Errorf("read INFO: %w", err)
	}
	keys, err := t.Client.DBSize(ctx).Result()
	if err != nil {
		return Card{}, fmt.Errorf("read DBSIZE: %w", err)
	}
	info := infoFields(text)
	var rows [][]string
	row := func(name, value string) { rows = append(rows, []string{name, value}) }
	row("Redis", fmt.Sprintf("%s, %s, %s, up %s", t.Redis, serverName(info), info["role"], age(info["uptime_in_seconds"])))
	row("Memory", memoryLine(info))
	row("Keys", strconv.FormatInt(keys, 10))
	row("Clients", info["connected_clients"])
	row("Settings", fmt.Sprintf("revision %d", t.snapshot().Revision()))
	row("Helix", fmt.Sprintf("%s, up %s", t.Version, spellAge(time.Since(t.started))))
	if trouble := t.Settings.Trouble(); trouble != nil {
		row("Trouble", trouble.Error())
	}
	if t.Audit != nil && t.Audit.Lost() > 0 {
		row("Audit", fmt.Sprintf("%d records could not be kept and are in the log alone", t.Audit.Lost()))
	}
	for _, w := range t.Settings.Warnings() {
		row("Warning", w)
	}
	return Card{Title: "Status", Tables: []Table{figures(rows...)}}, nil
}

// infoFields reads the figures of INFO.
func infoFields(text string) map[string]string {
	fields := make(map[string]string)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			fields[name] = value
		}
	}
	return fields
}

func serverName(info map[string]string) string {
	if v := info["valkey_version"]; v != "" {
		return "Valkey " + v
	}
	return "Redis " + info["redis_version"]
}

func memoryLine(info map[string]string) string {
	limit, used := number(info["maxmemory"]), number(info["used_memory"])
	if limit == 0 {
		return info["used_memory_human"] + ", no limit (maxmemory 0)"
	}
	return fmt.Sprintf("%s of %s (%d %%)", info["used_memory_human"], info["maxmemory_human"], used*100/limit)
}

func age(seconds string) string {
	return spellAge(time.Duration(number(seconds)) * time.Second)
}

// spellAge rounds an age to its two greatest units.
func spellAge(d time.Duration) string {
	switch {
	case d >= 24*time.Hour:
		return fmt.Sprintf("%d d %d h", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
