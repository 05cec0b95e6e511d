package bot

import "sync"

// queues run jobs one after another within a channel, and side by side between
// channels. A channel's queue is bounded.
type queues struct {
	length int

	mu      sync.Mutex
	waiting map[string][]func() // a channel is in it while its worker runs
	asides  int
	besides int
	closed  bool
	running sync.WaitGroup
}

func newQueues(length int) *queues {
	return &queues{length: length, waiting: make(map[string][]func())}
}

// push adds a job to a channel's queue; it answers false if there is no room.
func (q *queues) push(channel string, job func()) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	jobs, working := q.waiting[channel]
	if q.closed || len(jobs) >= q.length {
		return false
	}
	q.waiting[channel] = append(jobs, job)
	if !working {
		q.running.Go(func() { q.work(channel) })
	}
	return true
}

// work runs a channel's jobs until none is left.
func (q *queues) work(channel string) {
	for {
		q.mu.Lock()
		jobs := q.waiting[channel]
		if len(jobs) == 0 {
			delete(q.waiting, channel)
			q.mu.Unlock()
			return
		}
		job := jobs[0]
		q.waiting[channel] = jobs[1:]
		q.mu.Unlock()
		job()
	}
}

// maxAsides bounds jobs outside the channels' order.
const maxAsides = 32

// aside runs a job at once, out of order; beyond a bound it is dropped, and ok is
// false.
func (q *queues) aside(job func()) (ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.asides >= maxAsides {
		return false
	}
	q.asides++
	q.running.Go(func() {
		job()
		q.mu.Lock()
		defer q.mu.Unlock()
		q.asides--
	})
	return true
}

// maxBesides bounds jobs outside the channels' order that may last.
const maxBesides = 64

// beside runs a job that may last at once, out of order; it answers false if there
// are too many already.
func (q *queues) beside(job func()) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed || q.besides >= maxBesides {
		return false
	}
	q.besides++
	q.running.Go(func() {
		job()
		q.mu.Lock()
		defer q.mu.Unlock()
		q.besides--
	})
	return true
}

// onwards goes on with what a job began, which then makes room for others. It is
// to be called from within a job: close waits for it.
func (q *queues) onwards(job func()) { q.running.Go(job) }

// apart runs a job at once, out of order, whatever else is going on: one of
// those that come once a connection or a plan.
func (q *queues) apart(job func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.running.Go(job)
	}
}

// close takes no further jobs and waits for those that are there.
func (q *queues) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.running.Wait()
}
