package plans

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/helix-collective/helix/internal/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(redistest.Shared(m)) }

// open makes a store with a folder of its own.
func open(t *testing.T, client redis.UniversalClient, change ...func(*Options)) *Store {
	t.Helper()
	o := Options{Client: client, Dir: t.TempDir(), Instance: "here", ApprovalTTL: time.Hour}
	for _, c := range change {
		c(&o)
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func in(dir string) func(*Options)     { return func(o *Options) { o.Dir = dir } }
func named(name string) func(*Options) { return func(o *Options) { o.Instance = name } }
func keyed(key string) func(*Options)  { return func(o *Options) { o.Key = key } }

// some answers n steps of many sizes and bytes.
func some(n int) [][]byte {
	steps := make([][]byte, n)
	for i := range steps {
		steps[i] = []byte(fmt.Sprintf("EXPIRE\x00session:%d\n%*d", i, i%300, i))
	}
	return steps
}

// put lets a plan with some steps wait.
func put(t *testing.T, s *Store, change ...func(*Plan)) Plan {
	t.Helper()
	p := Plan{ID: NewID(), Author: "ann", Name: "Ann", Channel: "7", Line: "!redis …", Text: "3 keys expire", Rights: []string{"write"}, Keys: 3}
	for _, c := range change {
		c(&p)
	}
	r := s.Record(p.ID)
	record(t, r, some(3))
	p, err := s.Put(t.Context(), p, r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func approval(p *Plan) { p.Approval = "somebody else has to agree" }

func record(t *testing.T, r *Recorder, steps [][]byte) {
	t.Helper()
	for _, step := range steps {
		if err := r.Add(step); err != nil {
			t.Fatal(err)
		}
	}
}

// drain reads all steps and closes them.
func drain(t *testing.T, s *Steps) [][]byte {
	t.Helper()
	var all [][]byte
	for {
		step, err := s.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, slices.Clone(step))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return all
}

// take wants a plan with the steps that put records.
func take(t *testing.T, s *Store, id string) Plan {
	t.Helper()
	p, steps, err := s.Take(t.Context(), id, "")
	if err != nil {
		t.Fatal(err)
	}
	if got, want := drain(t, steps), some(3); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		t.Fatalf("the steps are %q", got)
	}
	return p
}

// refuses wants a Take to end with an error of a type.
func refuses[E error](t *testing.T, s *Store, id string) (e E) {
	t.Helper()
	_, steps, err := s.Take(context.Background(), id, "")
	if !errors.As(err, &e) {
		t.Fatalf("take: %v, want a %T", err, e)
	}
	if steps != nil {
		t.Fatal("a refusal with steps")
	}
	return e
}

func pending(t *testing.T, s *Store) []string {
	t.Helper()
	all, err := s.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for _, p := range all {
		ids = append(ids, p.ID)
	}
	return ids
}

// everywhere runs a suite on each kind of server, given clients of two
// instances.
func everywhere(t *testing.T, suite func(t *testing.T, one, two redis.UniversalClient)) {
	redistest.Each(t, func(t *testing.T, c redis.UniversalClient) {
		suite(t, c, redistest.Again(t, c, 3))
	})
}
