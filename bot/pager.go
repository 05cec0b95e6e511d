package bot

import (
	"container/list"
	"sync"
	"time"
)

// pager keeps the latest answers: their pages for turning them, and the whole of
// what was shown, for a file and for filters. It holds nothing that was not
// shown: what an answer hides is hidden here too.
type pager struct {
	ttl time.Duration
	now func() time.Time

	mu    sync.Mutex
	bytes int
	books map[string]*list.Element
	order *list.List // of *book, the latest first
}

// book is one answer.
type book struct {
	id      string
	pages   []string
	below   []row  // what stands below the buttons that turn them
	whole   []byte // the output
	missing int64  // bytes of it that were left out
	made    time.Time
}

func (b *book) size() int {
	n := len(b.whole)
	for _, page := range b.pages {
		n += len(page)
	}
	return n
}

// pagerBytes bounds what all kept answers take: two of the longest.
const pagerBytes = 2 * maxFile

func newPager(ttl time.Duration) *pager {
	return &pager{ttl: ttl, now: time.Now, books: make(map[string]*list.Element), order: list.New()}
}

// keep remembers an answer.
func (p *pager) keep(b *book) {
	b.made = p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(p.books[b.id])
	p.books[b.id] = p.order.PushFront(b)
	p.bytes += b.size()
	for oldest := p.order.Back(); oldest != nil; oldest = p.order.Back() {
		if p.bytes <= pagerBytes && !p.expired(oldest) {
			return
		}
		p.drop(oldest)
	}
}

// find answers an answer that is still kept, or nil.
func (p *pager) find(id string) *book {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.books[id]
	if !ok || p.expired(e) {
		p.drop(e)
		return nil
	}
	return e.Value.(*book)
}

// page answers one page, counted from 0, with its buttons; ok is false if there
// is no such page.
func (b *book) page(n int) (a answer, ok bool) {
	if n < 0 || n >= len(b.pages) {
		return answer{}, false
	}
	return answer{content: b.pages[n], rows: append(turners(b.id, n, len(b.pages)), b.below...)}, true
}

func (p *pager) expired(e *list.Element) bool {
	return p.now().Sub(e.Value.(*book).made) > p.ttl
}

func (p *pager) drop(e *list.Element) {
	if e == nil {
		return
	}
	b := e.Value.(*book)
	p.order.Remove(e)
	p.bytes -= b.size()
	delete(p.books, b.id)
}
