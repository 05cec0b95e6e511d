package bot

import (
	"container/list"
	"sync"
	"time"
)

// pager keeps the pages of the latest answers, for turning them.
type pager struct {
	ttl time.Duration
	now func() time.Time

	mu    sync.Mutex
	bytes int
	books map[string]*list.Element
	order *list.List // of *book, the latest first
}

// book is the pages of one answer.
type book struct {
	id    string
	pages []string
	below []row // what stands below the buttons that turn them
	size  int
	made  time.Time
}

// pagerBytes bounds what all kept pages take.
const pagerBytes = 8 << 20

func newPager(ttl time.Duration) *pager {
	return &pager{ttl: ttl, now: time.Now, books: make(map[string]*list.Element), order: list.New()}
}

// keep remembers the pages of an answer under an id, and what stands below.
func (p *pager) keep(id string, pages []string, below []row) {
	b := &book{id: id, pages: pages, below: below, made: p.now()}
	for _, page := range pages {
		b.size += len(page)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop(p.books[id])
	p.books[id] = p.order.PushFront(b)
	p.bytes += b.size
	for oldest := p.order.Back(); oldest != nil; oldest = p.order.Back() {
		if p.bytes <= pagerBytes && !p.expired(oldest) {
			return
		}
		p.drop(oldest)
	}
}

// page answers one page of an answer, counted from 0, with its buttons; ok is
// false if there is no such page, or the answer is not kept any more.
func (p *pager) page(id string, n int) (a answer, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e, ok := p.books[id]
	if !ok || p.expired(e) {
		p.drop(e)
		return answer{}, false
	}
	b := e.Value.(*book)
	if n < 0 || n >= len(b.pages) {
		return answer{}, false
	}
	return answer{content: b.pages[n], rows: append(turners(id, n, len(b.pages)), b.below...)}, true
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
	p.bytes -= b.size
	delete(p.books, b.id)
}
