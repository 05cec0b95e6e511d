package outbound

import (
	"io"
	"net/http"
	"time"
)

// Rank is how urgent a request is. What has a lower one waits as long as
// something of a higher one may go.
type Rank int

// The ranks, from the middle.
const (
	Ordinary   Rank = iota
	Urgent          // alerts, and first answers to interactions, which Discord waits for
	Background      // what nobody misses: typing, how far a program is
)

// byUrgency is every rank, the highest first.
var byUrgency = [...]Rank{Urgent, Ordinary, Background}

// orHigher is the higher of two ranks.
func (r Rank) orHigher(other Rank) Rank {
	for _, rank := range byUrgency {
		if r == rank || other == rank {
			return rank
		}
	}
	return r
}

// share is the part of a bound that a rank may fill, so that there is room left
// for the higher ones.
func (r Rank) share(bound int) int {
	switch r {
	case Urgent:
		return bound
	case Background:
		return bound / 2
	}
	return bound - bound/4
}

// Request is what is to be sent.
type Request struct {
	Method string
	Path   string // below the API's address, with its query
	Header http.Header
	Body   []byte
	Rank   Rank

	// Attempts is how often it may be tried where it failed: Discord failed, or
	// the answer was lost. More than one needs a request that may be repeated
	// without doing harm. A 429 is waited for and does not count.
	Attempts int
	// Within is how long it may take in all; 0 leaves that to the context.
	Within time.Duration
	// Supersedes says that the body holds all there is to say to Path, so that
	// an older such request of the same Method and Path need not be sent.
	Supersedes bool
	// Whole says that an answer that breaks off is as good as lost. Without it
	// the status is enough.
	Whole bool
}

// Response is what Discord answered.
type Response struct {
	Status     int
	Header     http.Header
	Body       []byte // at most 16 MiB
	Broken     error  // why Body is not whole; nil if it is
	Attempts   int    // how many it took, those answered by 429 left out
	Superseded bool   // nothing was answered: a later request says more
}

// maxAnswer bounds what is read of an answer, in bytes.
const maxAnswer = 16 << 20

func read(resp *http.Response, attempts int) *Response {
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	return &Response{Status: resp.StatusCode, Header: resp.Header, Body: body, Broken: err, Attempts: attempts}
}

// failed reports whether an attempt came to nothing through no fault of the
// request.
func (r Request) failed(resp *Response, err error) bool {
	return err != nil || resp.Status >= 500 || r.Whole && resp.Broken != nil && resp.Status < 400
}
