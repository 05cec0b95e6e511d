package main

import (
	"context"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/helix-collective/helix/alerts"
	"github.com/helix-collective/helix/bot"
	"github.com/helix-collective/helix/health"
	"github.com/helix-collective/helix/probe"
	"github.com/helix-collective/helix/sample"
	"github.com/helix-collective/helix/series"
	"github.com/helix-collective/helix/settings"
)

// watchtower measures Redis, keeps what it measured, and raises incidents.
type watchtower struct {
	app    *app
	prober *probe.Prober

	// Notifier shows incidents; it is there before run.
	alerts.Notifier
}

// openWatchtower prepares to watch, and to read and change what another process
// that watches has saved. Nothing is asked of Redis before it runs.
func (a *app) openWatchtower() (err error) {
	a.series = series.New(a.client, series.Usual()...)
	a.watch = &watchtower{
		app: a,
		prober: probe.New(a.client, a.sessions, probe.Options{
			Sentinel: a.pool.Target().Master != "",
			Failed:   func(err error) { a.log.Warn("the sessions could not be counted", zap.Error(err)) },
		}),
	}
	a.alerts, err = alerts.New(alerts.Options{
		Client: a.client, Settings: a.live, Prober: a.watch, Notifier: a.watch, Fence: a.fence, Log: a.log,
		Past: a.watch.past, Now: a.clock.Now,
	})
	if err != nil {
		return &exitError{exitFailure, sentence(err.Error())}
	}
	a.live.Subscribe(settings.Subscriber{Check: alerts.Check})
	return nil
}

// Probe measures, and keeps the sample for charts.
func (w *watchtower) Probe(ctx context.Context) (sample.Sample, error) {
	s, err := w.prober.Probe(ctx)
	if err != nil {
		return s, err
	}
	if s.Problem == "" {
		if err := w.app.series.Append(ctx, s); err != nil {
			w.app.log.Warn("a sample was not kept for charts", zap.Error(err))
		}
	}
	return s, nil
}

// past answers what was measured so far back, by whichever process, as rules look
// back for it.
func (w *watchtower) past(ctx context.Context, back time.Duration) ([]sample.Sample, error) {
	return w.app.series.Samples(ctx, alerts.Remembered(), back)
}

// beside answers what watches, and shows incidents through a bot, until ctx ends.
func (w *watchtower) beside(b *bot.Bot) run {
	w.Notifier = w.notifier(b)
	return w.run
}

func (w *watchtower) run(ctx context.Context) error {
	var counting sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	counting.Go(func() { _ = w.prober.Run(ctx) }) // it ends with ctx alone
	err := w.app.alerts.Run(ctx)
	cancel()
	counting.Wait()
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (w *watchtower) notifier(b *bot.Bot) alerts.Notifier {
	d, live := w.app.dispatcher, w.app.live
	text := func(key settings.TextKey) func() string {
		return func() string { return live.Snapshot().Text(key) }
	}
	return b.Notifier(bot.Incidents{
		Channel: text(settings.DiscordOpsChannel), Role: text(settings.AlertsPingRole), Prefix: text(settings.DiscordPrefix),
		Diagnose: d.Diagnose, Steps: d.NextSteps, Chart: d.IncidentChart,
	})
}

// readings are what was measured last, and the incidents, as metrics.
func (w *watchtower) readings() []health.Reading {
	s, ok := w.app.alerts.Newest()
	if !ok {
		return nil
	}
	list := []health.Reading{{Name: "helix_sample_timestamp_seconds", Help: "When Redis was measured last.", Value: unix(s.At)}}
	for name, value := range s.Values {
		r := health.Reading{Name: "helix_" + string(name), Help: "As in the sample of rules: " + string(name) + ".", Value: value}
		if name == sample.CreatedPerMin {
			r.With = map[string]string{"source": s.Texts[sample.CreatedSource]}
		}
		list = append(list, r)
	}
	return append(list, w.incidents()...)
}

// readWithin bounds how long the metrics wait for the incidents.
const readWithin = time.Second

// incidents counts the open ones by rule, severity and state.
func (w *watchtower) incidents() (list []health.Reading) {
	ctx, cancel := context.WithTimeout(context.Background(), readWithin)
	defer cancel()
	all, _ := w.app.alerts.List(ctx) // what this process knows, while Redis is away
	type key struct{ rule, severity, state string }
	counts := make(map[key]float64)
	for _, in := range all {
		if in.Open() {
			counts[key{in.Rule, string(in.Severity), string(in.State)}]++
		}
	}
	for k, n := range counts {
		list = append(list, health.Reading{Name: "helix_incidents", Help: "Open incidents.", Value: n,
			With: map[string]string{"rule": k.rule, "severity": k.severity, "state": k.state}})
	}
	return list
}
