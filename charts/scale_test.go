package charts

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestScalesHaveRoundSteps(t *testing.T) {
	for _, c := range []struct {
		highest float64
		unit    Unit
		want    string
	}{
		{12400, Count, "0 5,000 10k 15k"},
		{3, Count, "0 1 2 3 4"},
		{0, Count, "0 1 2"},
		{999, Count, "0 250 500 750 1,000 1,250"},
		{1_400_000, Count, "0 500k 1M 1.5M"},
		{7.2e9, Count, "0 2G 4G 6G 8G"},
		{0.4, PerMinute, "0 0.1 0.2 0.3 0.4 0.5"},
		{130, PerMinute, "0 50 100 150"},
		{2 << 30, Bytes, "0 B 512 MiB 1 GiB 1.5 GiB 2 GiB 2.5 GiB"},
		{100 << 20, Bytes, "0 B 32 MiB 64 MiB 96 MiB 128 MiB"},
		{math.Inf(1), Bytes, "0 B 1 B 2 B"},
		{math.NaN(), Count, "0 1 2"},
	} {
		var got []string
		for _, value := range newScale(c.highest, c.unit).lines() {
			got = append(got, c.unit.tick(value))
		}
		if text := strings.Join(got, " "); text != c.want {
			t.Errorf("up to %v: %s, want %s", c.highest, text, c.want)
		}
	}
}

func TestMarksAreRoundMoments(t *testing.T) {
	to := time.Date(2025, 11, 7, 14, 37, 20, 0, time.UTC)
	nepal := time.FixedZone("", 5*3600+45*60)
	for _, c := range []struct {
		back time.Duration
		zone *time.Location
		want string
	}{
		{time.Hour, time.UTC, "13:40 13:50 14:00 14:10 14:20 14:30"},
		{15 * time.Minute, time.UTC, "14:25 14:30 14:35"},
		{24 * time.Hour, time.UTC, "16:00 20:00 00:00 04:00 08:00 12:00"},
		{6 * time.Hour, nepal, "15:00 16:00 17:00 18:00 19:00 20:00"},
		{7 * 24 * time.Hour, time.UTC, "Sun 2 Nov|Tue 4 Nov|Thu 6 Nov"},
		{0, time.UTC, ""},
	} {
		var got []string
		for _, m := range marks(to.Add(-c.back), to, c.zone) {
			got = append(got, m.text)
		}
		if text := strings.Join(got, " "); text != strings.ReplaceAll(c.want, "|", " ") {
			t.Errorf("%v back: %s, want %s", c.back, text, c.want)
		}
	}
}

func TestTexts(t *testing.T) {
	for _, c := range []struct {
		unit  Unit
		value float64
		want  string
	}{
		{Count, 0, "0"}, {Count, 999, "999"}, {Count, 1234567, "1,234,567"}, {Count, -123456, "-123,456"}, {Count, -1234, "-1,234"},
		{PerMinute, 104.4, "104/min"}, {PerMinute, 0.5, "0.5/min"}, {PerMinute, 0, "0/min"},
		{Bytes, 512, "512 B"}, {Bytes, 1.59 * (1 << 30), "1.59 GiB"}, {Bytes, 90 << 20, "90 MiB"}, {Bytes, 1 << 62, "4096 PiB"},
	} {
		if got := c.unit.Text(c.value); got != c.want {
			t.Errorf("%v: %s, want %s", fmt.Sprint(c.value), got, c.want)
		}
	}
}
