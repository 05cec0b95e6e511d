package guard_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/helix-collective/helix/guard"
	"github.com/helix-collective/helix/guard/change"
	"github.com/helix-collective/helix/internal/redistest"
	"github.com/helix-collective/helix/journal"
)

// keeping is a journal in memory.
type keeping struct {
	mu      sync.Mutex
	batches []journal.Batch
}

func (k *keeping) Before(batches ...[]journal.Image) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, images := range batches {
		k.batches = append(k.batches, journal.Batch{Images: images})
	}
	return nil
}

func (k *keeping) Mark(string) error { return nil }

func (k *keeping) After(states []journal.State) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range k.batches {
		if k.batches[i].States == nil {
			k.batches[i].States = states
			return nil
		}
	}
	return errors.New("no batch is open")
}

// image answers what was kept of a key first.
func (k *keeping) image(key string) (journal.Image, bool) {
	for _, b := range k.batches {
		for _, i := range b.Images {
			if string(i.Name) == key {
				return i, true
			}
		}
	}
	return journal.Image{}, false
}

// A user that may not ask what keys take can change things nonetheless, and
// what there was is kept.
// The user is one server's.
func TestAUserWithoutMemoryChangesThings(t *testing.T) {
	server := redistest.Standalone(t)
	newBench(t, server.URL()).must(t, "ACL", "SETUSER", "blind", "on", ">pw", "~*", "&*", "+@all", "-memory", "-object")
	b := newBench(t, strings.Replace(server.URL(), "redis://", "redis://blind:pw@", 1))
	plain := b.Guard
	large(t, b)
	b.must(t, "SET", "small", "1")
	b.must(t, "HSET", "few", "f", "v")
	_, steps := b.planning(t)
	for _, line := range []string{"set small 2", "hset few f w", "del few", "expire H 100", "unlink V", "sadd S x"} {
		if r := b.do(t, everyone, strings.Fields(line)...); r.err != nil {
			t.Errorf("planning %s: %v", line, r.err)
		}
	}
	for _, line := range []string{"set H x", "sunionstore new S S2", "getdel V"} {
		if r := b.do(t, everyone, strings.Fields(line)...); r.err == nil && line != "getdel V" {
			t.Errorf("planning %s: %q", line, r.stdout)
		}
	}
	b.Guard = plain
	kept := &keeping{}
	m := &guard.Making{ID: "test", Journal: func() (change.Journal, error) { return kept, nil }}
	b.Guard = b.Guard.WithMaking(m)
	t.Cleanup(m.Close)
	if err := b.Guard.Execute(t.Context(), everyone, m, handOut(*steps), nil); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]bool{"small": true, "few": true, "H": false, "V": false} {
		if i, ok := kept.image(key); !ok || !i.Exists || (i.Content != nil) != want {
			t.Errorf("of %s there is kept %t, %d bytes", key, ok, len(i.Content))
		}
	}
	if r := b.do(t, everyone, "flushdb"); r.err != nil || b.client.Exists(t.Context(), "small", "mids", "Z").Val() != 0 {
		t.Errorf("%+v", r)
	}
	if i, ok := kept.image("mids"); !ok || len(i.Content) == 0 {
		t.Error("what the flush takes away is not kept")
	}
}
