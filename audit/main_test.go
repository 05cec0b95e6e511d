package audit

import (
	"context"
	"fmt"
	"testing"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/helix-collective/helix/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(redistest.Shared(m)) }

const key = "a key that stands in no record 5f2c"

// open starts an audit that ends with the test.
func open(t *testing.T, client redis.UniversalClient, change ...func(*Options)) *Log {
	t.Helper()
	o := Options{Client: client, Log: zap.NewNop(), Key: key}
	for _, c := range change {
		c(&o)
	}
	l := Open(o)
	t.Cleanup(func() { l.Close() })
	return l
}

func entry(n int) Entry {
	return Entry{Event: Done, Request: fmt.Sprint("r", n), By: "42", Name: "ann", Where: "7",
		Line: fmt.Sprint("!redis get k", n), Commands: []string{"redis get"}, Outcome: "ok"}
}

// fill records n entries, the first of them as the first-th.
func fill(t *testing.T, l *Log, first, n int) {
	t.Helper()
	for i := range n - 1 {
		l.Add(entry(first + i))
	}
	require(t, l, entry(first+n-1))
}

func require(t *testing.T, l *Log, e Entry) {
	t.Helper()
	if err := l.Require(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

func verify(t *testing.T, l *Log) Report {
	t.Helper()
	r, err := l.Verify(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// wantIntact ends the test unless the chain holds from one record to another.
func wantIntact(t *testing.T, l *Log, from, to int64) Report {
	t.Helper()
	r := verify(t, l)
	if r.Break != nil || r.From.Seq != from || r.To.Seq != to || r.Records != to-from+1 {
		t.Fatalf("got %+v, break %+v; want it intact from %d to %d", r, r.Break, from, to)
	}
	return r
}

// stream reads every entry of the stream.
func stream(t *testing.T, client redis.UniversalClient) []item {
	t.Helper()
	page, err := client.XRange(context.Background(), streamKey, "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	return items(page)
}

// rewrite puts entries in the place of all that are in the stream.
func rewrite(t *testing.T, client redis.UniversalClient, list []item) {
	t.Helper()
	ctx := context.Background()
	if err := client.Del(ctx, streamKey).Err(); err != nil {
		t.Fatal(err)
	}
	for _, it := range list {
		add := &redis.XAddArgs{Stream: streamKey, ID: it.id, Values: []any{bodyField, it.body, hashField, it.hash}}
		if it.id == "" {
			add.ID = "*"
		}
		if err := client.XAdd(ctx, add).Err(); err != nil {
			t.Fatal(err)
		}
	}
}
