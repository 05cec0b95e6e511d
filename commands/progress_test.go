package commands

import (
	"testing"
	"time"

	"github.com/helix-collective/helix/keyspace"
)

func TestProgressInWords(t *testing.T) {
	for _, tt := range []struct {
		name  string
		scan  keyspace.Progress
		since time.Duration
		calls int
		want  string
	}{
		{"nothing yet", keyspace.Progress{}, 0, 0, ""},
		{"part of a scan", keyspace.Progress{Keys: 612000, Looked: 750000, Total: 1000000}, 30 * time.Second, 0,
			"75 % of the keyspace looked at · 612,000 keys found · about 10s left"},
		{"a server that does not say", keyspace.Progress{Keys: 7, Looked: 100}, time.Second, 0, "7 keys found"},
		{"more places than keys", keyspace.Progress{Keys: 999, Looked: 2000, Total: 1000}, time.Second, 0,
			"100 % of the keyspace looked at · 999 keys found"},
		{"calls", keyspace.Progress{}, 0, 1234567, "1,234,567 calls made"},
	} {
		p := &Progress{scan: tt.scan, began: time.Now().Add(-tt.since)}
		p.called(tt.calls)
		if got := p.String(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestAnotherScanBeginsAnew(t *testing.T) {
	p := &Progress{}
	p.scanned(keyspace.Progress{Keys: 90, Looked: 90, Total: 100})
	first := p.began
	p.scanned(keyspace.Progress{Keys: 5, Looked: 10, Total: 100})
	if percent, ok := p.Percent(); percent != 10 || !ok {
		t.Errorf("%d %%, %v", percent, ok)
	}
	if !p.began.After(first) {
		t.Error("the time left is reckoned from the first scan")
	}
}
