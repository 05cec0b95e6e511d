package health

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

// Metrics is what /metrics shows. Labels hold names from Helix's own tables
// alone, never what people typed: so there is a bound to them, and no secret.
type Metrics struct {
	registry *prometheus.Registry
	commands *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

// NewMetrics returns the metrics of the process, the Go runtime and commands.
func NewMetrics(version string) *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		commands: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "helix_commands_total", Help: "Requests answered, by their first command and by how they ended.",
		}, []string{"command", "outcome"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "helix_command_seconds", Help: "Time from a request to its reply.",
			Buckets: []float64{.001, .005, .01, .05, .1, .5, 1, 5, 10, 60, 600},
		}, []string{"command"}),
	}
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "helix_build_info", Help: "Always 1; the label says which version runs."}, []string{"version"})
	build.WithLabelValues(version).Set(1)
	m.registry.MustRegister(m.commands, m.seconds, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Answered counts a request that was answered.
func (m *Metrics) Answered(command, outcome string, took time.Duration) {
	m.commands.WithLabelValues(command, outcome).Inc()
	m.seconds.WithLabelValues(command).Observe(took.Seconds())
}

// Reading is one value at the moment that it is asked for.
type Reading struct {
	Name  string // as in helix_discord_connected; of counters with _total
	Help  string
	Value float64
	Count bool              // it only ever grows
	With  map[string]string // labels; nil for none
}

// Watch shows what read answers each time that the metrics are asked for. It
// must not wait. A name has to have the same labels at all times.
func (m *Metrics) Watch(read func() []Reading) { m.registry.MustRegister(readings(read)) }

// readings is a source of values as Prometheus wants one.
type readings func() []Reading

// Describe announces nothing: what there is shows when it is asked for.
func (readings) Describe(chan<- *prometheus.Desc) {}

// Collect hands out the values of now.
func (read readings) Collect(out chan<- prometheus.Metric) {
	for _, r := range read() {
		kind := prometheus.GaugeValue
		if r.Count {
			kind = prometheus.CounterValue
		}
		desc := prometheus.NewDesc(r.Name, r.Help, nil, r.With)
		metric, err := prometheus.NewConstMetric(desc, kind, r.Value)
		if err != nil {
			metric = prometheus.NewInvalidMetric(desc, err)
		}
		out <- metric
	}
}
