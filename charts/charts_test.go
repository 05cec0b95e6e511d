package charts_test

import (
	"bytes"
	"flag"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/helix-collective/helix/charts"
	"github.com/helix-collective/helix/sample"
)

var update = flag.Bool("update", false, "draw the golden images anew")

var now = time.Date(2025, 11, 7, 14, 37, 20, 0, time.UTC)

// wave answers a series up to now that goes up and down between two values, and
// on the whole up.
func wave(name sample.Name, back, step time.Duration, from, to float64) sample.Series {
	s := sample.Series{Name: name, Step: step}
	for at := now.Add(-back); !at.After(now); at = at.Add(step) {
		part := 1 - now.Sub(at).Seconds()/back.Seconds()
		avg := from + (to-from)*(0.8*part+0.1*math.Sin(9*part)+0.06*math.Sin(61*part)+0.1)
		s.Points = append(s.Points, sample.Point{At: at, Min: avg, Max: avg, Avg: avg})
	}
	return s
}

// without answers a series that lacks the points of some time.
func without(s sample.Series, from, to time.Duration) sample.Series {
	var left []sample.Point
	for _, p := range s.Points {
		if age := now.Sub(p.At); age > from || age < to {
			left = append(left, p)
		}
	}
	s.Points = left
	return s
}

// thinned answers a series whose points stand for spans.
func thinned(s sample.Series, spread float64) sample.Series {
	for i := range s.Points {
		p := &s.Points[i]
		p.Min, p.Max = p.Avg*(1-spread), p.Avg*(1+spread*float64(1+i%3))
	}
	return s
}

func frame(back, ahead time.Duration) charts.Frame {
	return charts.Frame{From: now.Add(-back), To: now.Add(ahead)}
}

func drawn() map[string]func() ([]byte, error) {
	hour := frame(time.Hour, 0)
	hour.Incidents = []charts.Span{{From: now.Add(-48 * time.Minute), To: now.Add(-41 * time.Minute)}, {From: now.Add(-9 * time.Minute)}}
	sessions := without(wave(sample.Sessions, time.Hour, 15*time.Second, 4200, 12400), 30*time.Minute, 24*time.Minute)
	created := thinned(wave(sample.CreatedPerMin, 24*time.Hour, 2*time.Minute, 12, 130), 0.2)
	memory := wave(sample.MemoryUsed, time.Hour, 15*time.Second, 1.1*(1<<30), 1.65*(1<<30))
	var expected []sample.Point
	for i := range 31 {
		last, _ := memory.Last()
		v := last + float64(i)*0.014*(1<<30)
		expected = append(expected, sample.Point{At: now.Add(time.Duration(i) * time.Minute), Avg: v})
	}
	return map[string]func() ([]byte, error){
		"sessions": charts.Sessions(sessions, 10000, hour).PNG,
		"created":  charts.CreationRate(created, 100, frame(24*time.Hour, 0)).PNG,
		"memory":   charts.Memory(memory, 2<<30, 90, expected, frame(time.Hour, 30*time.Minute)).PNG,
		"week":     charts.Sessions(thinned(wave(sample.Sessions, 7*24*time.Hour, 15*time.Minute, 1_000_000, 1_400_000), 0.03), 0, frame(7*24*time.Hour, 0)).PNG,
		"empty":    charts.Sessions(sample.Series{}, 10000, frame(time.Hour, 0)).PNG,
		"card": func() ([]byte, error) {
			rows := charts.Rows(sessions, created, memory, 2<<30)
			rows[0].Threshold = 10000
			rows[1].Series = wave(sample.CreatedPerMin, time.Hour, 15*time.Second, 3, 45)
			return charts.Card(now.Add(-time.Hour), now, rows)
		},
	}
}

// most is how many bytes a chart may have.
const most = 100_000

func TestChartsLookAsTheyDid(t *testing.T) {
	for name, draw := range drawn() {
		got, err := draw()
		if err != nil {
			t.Fatal(err)
		}
		if len(got) > most {
			t.Errorf("%s has %d bytes", name, len(got))
		}
		golden := filepath.Join("testdata", name+".png")
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if off := different(t, decode(t, got), decode(t, want)); off > 0.002 {
			t.Errorf("%s: %.2f %% of it look different; if they are to, go test ./charts -update", name, 100*off)
		}
	}
}

func TestChartsAreTheSameEachTime(t *testing.T) {
	draw := drawn()["card"]
	one, err := draw()
	if err != nil {
		t.Fatal(err)
	}
	if again, err := draw(); err != nil || !bytes.Equal(again, one) {
		t.Errorf("it is drawn otherwise the second time, %v", err)
	}
}

// A comparison that finds nothing proves nothing.
func TestAnotherChartIsToldApart(t *testing.T) {
	s := wave(sample.Sessions, time.Hour, 15*time.Second, 4200, 12400)
	one, err := charts.Sessions(s, 10000, frame(time.Hour, 0)).PNG()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]charts.Chart{
		"another threshold": charts.Sessions(s, 9000, frame(time.Hour, 0)),
		"an incident":       charts.Sessions(s, 10000, charts.Frame{From: now.Add(-time.Hour), To: now, Incidents: []charts.Span{{From: now.Add(-2 * time.Minute)}}}),
	} {
		other, err := c.PNG()
		if err != nil {
			t.Fatal(err)
		}
		if off := different(t, decode(t, one), decode(t, other)); off <= 0.002 {
			t.Errorf("%s is %.3f %% of it", name, 100*off)
		}
	}
}

func decode(t *testing.T, data []byte) *image.Paletted {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return picture.(*image.Paletted)
}

// different answers what part of two pictures is not of about the same colour.
func different(t *testing.T, a, b *image.Paletted) float64 {
	t.Helper()
	if a.Rect != b.Rect || len(a.Pix) != len(b.Pix) {
		t.Fatalf("one is %v, the other %v", a.Rect, b.Rect)
	}
	var pairs [256][256]int
	for i, index := range a.Pix {
		pairs[index][b.Pix[i]]++
	}
	off := 0
	for one, others := range pairs {
		for other, n := range others {
			if n > 0 && apart(a.Palette[one], b.Palette[other]) {
				off += n
			}
		}
	}
	return float64(off) / float64(len(a.Pix))
}

// apart reports whether two colours are told apart at a glance.
func apart(a, b color.Color) bool {
	r, g, bl, _ := a.RGBA()
	r2, g2, bl2, _ := b.RGBA()
	return max(max(r, r2)-min(r, r2), max(g, g2)-min(g, g2), max(bl, bl2)-min(bl, bl2)) > 24<<8
}

func TestChartsTakeAnything(t *testing.T) {
	odd := sample.Series{Step: time.Minute, Points: []sample.Point{
		{At: now.Add(-100 * time.Hour), Avg: 1}, {At: now.Add(-time.Minute), Min: -5, Max: math.Inf(1), Avg: math.NaN()}, {At: now, Max: 1e300, Avg: 1e300},
	}}
	for name, c := range map[string]charts.Chart{
		"no time":    {Series: odd, Threshold: 1, Incidents: []charts.Span{{}}},
		"no numbers": charts.Memory(odd, math.Inf(1), 90, odd.Points, frame(time.Hour, 0)),
		"centuries":  charts.CreationRate(odd, math.NaN(), charts.Frame{From: now.AddDate(-200, 0, 0), To: now}),
	} {
		if _, err := c.PNG(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
