package keyspace

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"
)

// scan is one scan over all servers.
type scan struct {
	query Query
	loads *loads

	mu       sync.Mutex // one visit at a time
	visit    func([][]byte) error
	visitErr error
	seen     *window
	stats    Stats
	looked   int64
	total    int64
}

// maxAtOnce bounds how many masters of a Cluster are scanned at the same time.
const maxAtOnce = 8

// masters scans every server that holds keys of its own.
func (s *scan) masters(ctx context.Context, client redis.UniversalClient) error {
	switch c := client.(type) {
	case *redis.Client:
		return s.node(ctx, c)
	case *redis.ClusterClient:
		return s.cluster(ctx, c)
	}
	return fmt.Errorf("a %T cannot be scanned", client)
}

func (s *scan) cluster(ctx context.Context, client *redis.ClusterClient) error {
	all, err := Masters(ctx, client)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxAtOnce)
	for _, c := range all {
		group.Go(func() error { return s.node(ctx, c) })
	}
	return group.Wait()
}

// Masters answers the masters of a Cluster.
func Masters(ctx context.Context, client *redis.ClusterClient) ([]*redis.Client, error) {
	var mu sync.Mutex
	var all []*redis.Client
	err := client.ForEachMaster(ctx, func(_ context.Context, c *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, c)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find the masters: %w", err)
	}
	return all, nil
}

// pagesAhead is how many pages wait to be visited while the server works on
// another: enough that neither waits for the other for long, and no more than
// some hundred kilobytes.
const pagesAhead = 4

// node scans one server: a goroutine fetches, this one visits.
func (s *scan) node(ctx context.Context, client *redis.Client) error {
	ctx, cancel := context.WithCancel(ctx)
	own, closeLink := newLink(ctx, client)
	f := &fetcher{
		link: own, query: s.query, pace: newPace(s.query), scan: s,
		load: s.loads.of(client.Options().Addr),
		full: make(chan *page, pagesAhead),
		free: make(chan *page, pagesAhead+2), // waiting, being filled, being visited
	}
	if s.loads.shared {
		f.pace.most = maxBeside
	}
	for range cap(f.free) {
		f.free <- &page{}
	}
	s.note(func(stats *Stats) { stats.Nodes++ })
	done := make(chan error, 1)
	go func() {
		defer close(f.full)
		done <- f.run(ctx)
	}()
	err := s.takeAll(f)
	cancel() // of no effect if the fetcher has ended
	fetchErr := <-done
	closeLink()
	if err == nil {
		err = fetchErr
	}
	return err
}

// takeAll visits pages until there are no more.
func (s *scan) takeAll(f *fetcher) error {
	for p := range f.full {
		if err := s.take(p); err != nil {
			return err
		}
		f.free <- p
	}
	return nil
}

// errForgotten ends a scan that began anew and can no longer tell which keys
// it visited before.
var errForgotten = errors.New("another server answers now, and there are too many keys to begin anew without repeating some")

// take visits those keys of a page that were not visited before.
func (s *scan) take(p *page) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.visitErr != nil {
		return s.visitErr
	}
	s.stats.Calls++
	s.stats.Server += p.work
	s.looked += int64(p.looked)
	defer s.tell()
	fresh := p.keys[:0]
	for _, key := range p.keys {
		if s.seen.add(key) {
			fresh = append(fresh, key)
		}
	}
	s.stats.Duplicates += int64(len(p.keys) - len(fresh))
	if s.stats.Restarted > 0 && !s.seen.whole() {
		return errForgotten
	}
	if len(fresh) == 0 {
		return nil
	}
	s.stats.Keys += int64(len(fresh))
	s.visitErr = s.visit(fresh)
	return s.visitErr
}

// tell says how far the scan is.
func (s *scan) tell() {
	if s.query.Progress != nil {
		s.query.Progress(Progress{Keys: s.stats.Keys, Looked: s.looked, Total: s.total})
	}
}

// expect notes how many keys one more server holds.
func (s *scan) expect(keys int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total += keys
}

// restart reports whether a server may be scanned anew: only while every key
// visited is remembered.
func (s *scan) restart() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stats.Restarted++
	return s.seen.whole()
}

// note changes the statistics.
func (s *scan) note(change func(*Stats)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.stats)
}
