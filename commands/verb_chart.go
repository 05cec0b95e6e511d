package commands

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/shell"
)

func chartVerb() verb {
	return verb{
		name:     "chart",
		summary:  "how sessions and memory have been",
		usage:    []string{"sessions|created|memory [1h|24h|7d]"},
		details:  "Measurements are kept one by one for an hour, by two minutes for a day and by a quarter of an hour\nfor a week. created is how many sessions were made a minute.",
		examples: []string{"!chart sessions", "!chart memory 24h"},
		slash: SlashVerb{Forms: []SlashForm{{Options: []SlashOption{
			{Name: "of", Summary: "what to draw", Required: true, Choices: subjects()},
			{Name: "back", Summary: "for how long until now, as in 1h, 24h or 7d", source: durationSource},
		}}}},
		reads: always,
		run:   runChart,
	}
}

// longestChart is how long samples are kept.
const longestChart = 7 * 24 * time.Hour

func runChart(ctx context.Context, t *turn, call *shell.Call) (int, error) {
	words := call.Texts()
	if len(words) == 0 || len(words) > 2 {
		return 0, t.misused(chartVerb(), "A chart of what?")
	}
	if !slices.Contains(subjects(), words[0]) {
		return 0, t.unknownForm(chartVerb(), words[0], subjects())
	}
	back := time.Hour
	if len(words) == 2 {
		asked, ok := timeOf(words[1])
		if !ok || asked > longestChart || asked < time.Minute {
			return 0, t.misused(chartVerb(), "`%s` is no time up to 7d.", words[1])
		}
		back = asked
	}
	if t.Series == nil {
		return 0, unable("Nothing is measured here.")
	}
	return 0, t.showChart(ctx, call, subject(words[0]), back)
}

func (t *turn) showChart(ctx context.Context, call *shell.Call, s subject, back time.Duration) error {
	all, err := t.Series.Ranges(ctx, []sample.Name{s.value(), sample.MaxMemory}, back)
	if err != nil {
		return err
	}
	points := all[0]
	if len(points.Points) == 0 {
		return unable("Nothing was measured in that time. The bot measures every alerts.interval while it runs.")
	}
	if call.Final {
		p, err := t.draw(s, points, all[1], back)
		if err != nil {
			return err
		}
		t.pictures.add(p)
	}
	_, err = io.WriteString(call.Stdout, inWords(s, points, back))
	return err
}

// inWords is a chart for where there are no pictures.
func inWords(s subject, points sample.Series, back time.Duration) string {
	least, most := points.Points[0].Min, points.Points[0].Max
	for _, p := range points.Points {
		least, most = min(least, p.Min), max(most, p.Max)
	}
	now, _ := points.Last()
	unit := s.unit()
	return fmt.Sprintf("%s, last %s\n%s\nnow %s, least %s, most %s\n",
		s, lasting(back), sparkline(points, least, most), unit.Text(now), unit.Text(least), unit.Text(most))
}

// sparks are as wide as a line of a phone has room for.
const sparks = 40

// sparkline draws a series in one line, its gaps as blanks.
func sparkline(s sample.Series, least, most float64) string {
	marks := []rune("▁▂▃▄▅▆▇█")
	first, last := s.Points[0].At, s.Points[len(s.Points)-1].At
	width := max(last.Sub(first), 1)
	highest := make([]float64, sparks)
	known := make([]bool, sparks)
	for _, p := range s.Points {
		at := min(int(float64(p.At.Sub(first))/float64(width)*sparks), sparks-1)
		highest[at], known[at] = max(highest[at], p.Max), true
	}
	var b strings.Builder
	for i := range sparks {
		if !known[i] {
			b.WriteByte(' ')
			continue
		}
		b.WriteRune(marks[int((highest[i]-least)/max(most-least, 1e-9)*float64(len(marks)-1))])
	}
	return strings.TrimRight(b.String(), " ")
}
