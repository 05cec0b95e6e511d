package keyspace

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// page is what one call answered.
type page struct {
	keys [][]byte
	err  error
}

// node scans one server. The server works on the next page while this one is
// visited, but never on more than one, so that others are not kept waiting.
func (s *scan) node(ctx context.Context, client redis.UniversalClient) error {
	s.mu.Lock()
	s.stats.Nodes++
	s.mu.Unlock()

	ctx, cancel := context.WithCancel(ctx)
	pages := make(chan page)
	go func() {
		defer close(pages)
		f := &fetcher{client: client, query: s.query, pace: newPace(s.query), pages: pages}
		if err := f.run(ctx); err != nil {
			f.send(ctx, page{err: err})
		}
	}()
	defer func() {
		cancel()
		for range pages { // until the fetcher has ended
		}
	}()
	for p := range pages {
		if p.err != nil {
			return p.err
		}
		if err := s.take(p.keys); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

// fetcher asks one server for page after page.
type fetcher struct {
	client redis.UniversalClient
	query  Query
	pace   *pace
	pages  chan<- page
	cursor string
}

// run ends when the cursor is back at 0.
func (f *fetcher) run(ctx context.Context) error {
	f.cursor = "0"
	if f.query.Count == 0 {
		f.pace.floor = f.wayThereAndBack(ctx)
	}
	for {
		start := time.Now()
		next, keys, err := f.fetch(ctx)
		if err != nil {
			return err
		}
		took := time.Since(start)
		f.cursor = next
		if !f.send(ctx, page{keys: keys}) {
			return context.Cause(ctx)
		}
		if f.cursor == "0" {
			return nil
		}
		if err := f.pace.rest(ctx, took); err != nil {
			return err
		}
	}
}

// wayThereAndBack measures a call that gives the server nothing to do. A
// failure is left for the scan's own calls to find.
func (f *fetcher) wayThereAndBack(ctx context.Context) time.Duration {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	start := time.Now()
	if err := f.client.Ping(ctx).Err(); err != nil {
		return 0
	}
	return time.Since(start)
}

func (f *fetcher) send(ctx context.Context, p page) bool {
	select {
	case f.pages <- p:
		return true
	case <-ctx.Done():
		return false
	}
}

// retries bounds how often a call is repeated after a lost connection. A
// cursor says where in the hash table to go on, not who asked, so the scan
// resumes where it was.
const retries = 3

func (f *fetcher) fetch(ctx context.Context) (cursor string, keys [][]byte, err error) {
	for attempt := range retries + 1 {
		if cursor, keys, err = f.call(ctx); err == nil || !resumable(ctx, err) || attempt == retries {
			break
		}
		if err := sleep(ctx, time.Duration(attempt+1)*100*time.Millisecond); err != nil {
			return "", nil, err
		}
	}
	return cursor, keys, err
}

// resumable reports whether the same call may succeed on a new connection. An
// answer of the server is final.
func resumable(ctx context.Context, err error) bool {
	var answer redis.Error
	return ctx.Err() == nil && !errors.As(err, &answer)
}

func (f *fetcher) call(ctx context.Context) (cursor string, keys [][]byte, err error) {
	args := []any{"SCAN", f.cursor}
	if f.query.Pattern != "" && f.query.Pattern != "*" {
		args = append(args, "MATCH", f.query.Pattern)
	}
	count := f.pace.count()
	args = append(args, "COUNT", count)
	if f.query.Type != "" {
		args = append(args, "TYPE", f.query.Type)
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout) // go-redis ends at once only under a deadline
	defer cancel()
	start := time.Now()
	raw, err := rawReply(ctx, f.client, args)
	if err != nil {
		return "", nil, err
	}
	f.pace.measured(count, time.Since(start))
	return parseScan(raw)
}

// callTimeout bounds one call. The server needs about a millisecond for it.
const callTimeout = 30 * time.Second

// rawReply answers a reply as the server sent it. go-redis's own SCAN would
// make a string of each key.
func rawReply(ctx context.Context, client redis.UniversalClient, args []any) ([]byte, error) {
	cmd := redis.NewRawCmd(ctx, args...)
	if err := client.Process(ctx, cmd); err != nil {
		return nil, err
	}
	return cmd.Bytes()
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
