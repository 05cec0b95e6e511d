package commands

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/charts"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/settings"
	"go.uber.org/zap"
)

// Picture goes with an output, for where pictures can be shown. It says nothing
// that the output does not say, too.
type Picture struct {
	Name string // of a file, as in memory.png
	PNG  []byte
}

// pictures gathers those of a turn. The zero pictures is ready for use, from
// several goroutines.
type pictures struct {
	mu   sync.Mutex
	list []Picture
}

func (p *pictures) add(one Picture) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.list) == 0 { // one is what a phone shows beside the words
		p.list = append(p.list, one)
	}
}

func (p *pictures) all() []Picture {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.list)
}

// subject is what a chart is of.
type subject string

// The subjects.
const (
	ofSessions subject = "sessions"
	ofCreation subject = "created"
	ofMemory   subject = "memory"
)

func subjects() []string { return []string{string(ofSessions), string(ofCreation), string(ofMemory)} }

// value is the one that a subject's chart shows.
func (s subject) value() sample.Name {
	switch s {
	case ofCreation:
		return sample.CreatedPerMin
	case ofMemory:
		return sample.MemoryUsed
	}
	return sample.Sessions
}

func (s subject) unit() charts.Unit {
	switch s {
	case ofCreation:
		return charts.PerMinute
	case ofMemory:
		return charts.Bytes
	}
	return charts.Count
}

// draw draws a subject's chart of so long until now.
func (d *Dispatcher) draw(s subject, points, limit sample.Series, back time.Duration, spans ...charts.Span) (Picture, error) {
	now := d.Now()
	frame := charts.Frame{From: now.Add(-back), To: now, Incidents: spans}
	snapshot := d.snapshot()
	var chart charts.Chart
	switch s {
	case ofCreation:
		chart = charts.CreationRate(points, float64(snapshot.Int(settings.SessionCreationThreshold)), frame)
	case ofMemory:
		most, _ := limit.Last()
		chart = charts.Memory(points, most, float64(snapshot.Int(settings.AlertsMemoryPercent)), nil, frame)
	default:
		chart = charts.Sessions(points, float64(snapshot.Int(settings.AlertsSessionCount)), frame)
	}
	png, err := chart.PNG()
	if err != nil {
		return Picture{}, fmt.Errorf("draw a chart of %s: %w", s, err)
	}
	return Picture{Name: string(s) + ".png", PNG: png}, nil
}

// statusPicture is the last hour of all three subjects; ok is false where nothing
// has been measured.
func (d *Dispatcher) statusPicture(ctx context.Context) (p Picture, ok bool, err error) {
	const back = time.Hour
	if d.Series == nil {
		return p, false, nil
	}
	all, err := d.Series.Ranges(ctx, []sample.Name{sample.Sessions, sample.CreatedPerMin, sample.MemoryUsed, sample.MaxMemory}, back)
	if err != nil || len(all[2].Points) == 0 {
		return p, false, err
	}
	most, _ := all[3].Last()
	now := d.Now()
	png, err := charts.Card(now.Add(-back), now, charts.Rows(all[0], all[1], all[2], most))
	if err != nil {
		return p, false, fmt.Errorf("draw the status: %w", err)
	}
	return Picture{Name: "status.png", PNG: png}, true, nil
}

// addStatusPicture adds the last hour to an answer, where it was measured. That it
// cannot be drawn spoils no answer.
func (t *turn) addStatusPicture(ctx context.Context) {
	p, ok, err := t.statusPicture(ctx)
	if err != nil {
		t.Log.Warn("the last hour could not be drawn", zap.Error(err))
	}
	if ok {
		t.pictures.add(p)
	}
}

// causeSubjects are what the incidents of a cause are shown with.
var causeSubjects = map[alerts.Cause]subject{alerts.CauseMemory: ofMemory, alerts.CauseSessions: ofSessions}

// IncidentChart draws the last hour for an incident, or since it began if that is
// longer ago, a day at most; nil where there is nothing to draw.
func (d *Dispatcher) IncidentChart(ctx context.Context, in alerts.Incident) ([]byte, error) {
	about, drawn := causeSubjects[in.Cause]
	if in.Rule == "creation_rate" {
		about = ofCreation
	}
	if !drawn || d.Series == nil {
		return nil, nil
	}
	back := min(max(time.Hour, in.Took(d.Now())*5/4), 24*time.Hour)
	all, err := d.Series.Ranges(ctx, []sample.Name{about.value(), sample.MaxMemory}, back)
	if err != nil || len(all[0].Points) == 0 {
		return nil, err
	}
	p, err := d.draw(about, all[0], all[1], back, charts.Span{From: in.Since, To: in.Resolved})
	return p.PNG, err
}
