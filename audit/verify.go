package audit

import (
	"context"
	"fmt"
	"time"
)

// Place is where a record stands.
type Place struct {
	Seq int64
	ID  string // of the entry in the stream
	At  time.Time
}

// Report is what a walk along the chain found.
type Report struct {
	Records  int64
	From, To Place  // of what is intact; To is the last before Break
	Keyed    bool   // whether the whole of it has the key's hashes
	Break    *Break // the first; nil if all is intact
	Notes    []string
	Head     Head
}

// Break is a place where the chain does not hold.
type Break struct {
	Place         // of the record that does not fit, or of the last one before
	Reason string // a clause
}

// Verify walks the whole chain, a page at a time, up to where it ended when
// the walk began.
func (l *Log) Verify(ctx context.Context) (Report, error) {
	for range maxWalks {
		report, began, err := l.walk(ctx)
		if err != nil || report.Break == nil {
			return report, err
		}
		now, _, err := l.store.end(ctx)
		if err != nil {
			return Report{}, err
		}
		if now.First == began.First { // nothing was trimmed away under the walk
			return report, nil
		}
	}
	return Report{}, fmt.Errorf("the audit is trimmed faster than it can be read")
}

const maxWalks = 5

func (l *Log) walk(ctx context.Context) (Report, Head, error) {
	mine := *l.newest.Load()
	head, anchor, err := l.store.end(ctx)
	if err != nil {
		return Report{}, Head{}, err
	}
	c := &checking{seal: l.seal, head: head, anchor: anchor, mine: mine, report: Report{Head: head, Keyed: l.Keyed()}}
	next := "-"
	for !c.over() {
		page, err := l.store.client.XRangeN(ctx, streamKey, next, "+", pageSize).Result()
		if err != nil && !wrongType(err) {
			return Report{}, Head{}, fmt.Errorf("read %s: %w", streamKey, err)
		}
		for _, it := range items(page) {
			if c.over() {
				break
			}
			c.check(it)
		}
		if len(page) < pageSize {
			break
		}
		next = after(page[len(page)-1].ID)
	}
	c.finish()
	return c.report, head, nil
}

// checking holds record after record against the one before it.
type checking struct {
	seal   sealer
	head   Head
	anchor string
	mine   Head // the newest that this instance wrote

	report Report
	last   Record
	hash   string // of last
	keyed  bool   // a record under our key has come
}

func (c *checking) over() bool {
	return c.report.Break != nil || c.last.Seq >= c.head.Seq
}

func (c *checking) broken(at Place, format string, args ...any) {
	c.report.Break = &Break{Place: at, Reason: fmt.Sprintf(format, args...)}
}

func (c *checking) note(format string, args ...any) {
	c.report.Notes = append(c.report.Notes, fmt.Sprintf(format, args...))
}

func (c *checking) check(it item) {
	r, ok := decode(it.body)
	place := Place{Seq: r.Seq, ID: it.id, At: r.Time()}
	if !ok {
		c.broken(Place{Seq: c.last.Seq + 1, ID: it.id}, "what stands here is no record of ours")
		return
	}
	if why := c.unsealed(r, it); why != "" {
		c.broken(place, "%s", why)
		return
	}
	if why := c.unlinked(r); why != "" {
		c.broken(place, "%s", why)
		return
	}
	if r.Seq == c.mine.Seq && it.hash != c.mine.Hash {
		c.broken(place, "this instance knows another record in its place")
		return
	}
	if c.report.Records == 0 {
		c.report.From = place
	}
	if r.Lost > 0 {
		c.noteLoss(r)
	}
	c.report.Records++
	c.report.To = place
	c.last, c.hash = r, it.hash
}

func (c *checking) noteLoss(r Record) {
	c.note("When record %d was written, Redis had lost records up to %d: a flush, a restart or a failover.", r.Seq, r.Lost)
}

// unsealed answers why a record's own hash does not hold.
func (c *checking) unsealed(r Record, it item) string {
	switch {
	case r.Key == c.seal.id:
		if !c.seal.holds(it.body, it.hash) {
			return "its content does not have its hash: it was changed, or not written by Helix"
		}
		c.keyed = true
	case c.keyed:
		return "it does not have the key's hash, as records before it do: it is forged, or an instance runs without audit.key"
	case r.Key == "" && !(sealer{}).holds(it.body, it.hash):
		return "its content does not have its hash: it was changed, or not written by Helix"
	default:
		c.report.Keyed = false
		c.noteOtherKey(r)
	}
	return ""
}

func (c *checking) noteOtherKey(r Record) {
	if c.report.Records > 0 && c.last.Key == r.Key {
		return
	}
	if r.Key == "" {
		c.note("Records from %d on were written without a key, so that their hashes prove less.", r.Seq)
		return
	}
	c.note("Records from %d on were written under another key; only their links are proven, not their content.", r.Seq)
}

// unlinked answers why a record does not follow the one before.
func (c *checking) unlinked(r Record) string {
	if c.report.Records == 0 {
		return c.notFirst(r)
	}
	switch {
	case r.Seq > c.last.Seq+1:
		return fmt.Sprintf("records %d to %d before it are missing", c.last.Seq+1, r.Seq-1)
	case r.Seq <= c.last.Seq:
		return fmt.Sprintf("it stands behind record %d: the order was changed, or it was put in", c.last.Seq)
	case r.Prev != c.hash:
		return fmt.Sprintf("it does not follow record %d as that stands here", c.last.Seq)
	}
	return ""
}

// notFirst answers why a record cannot be the first that is kept.
func (c *checking) notFirst(r Record) string {
	switch {
	case r.Seq > c.head.First:
		return fmt.Sprintf("records %d to %d before it are missing", c.head.First, r.Seq-1)
	case r.Seq < c.head.First:
		return fmt.Sprintf("it should have been trimmed away: the chain begins with record %d", c.head.First)
	case c.anchor != "" && r.Prev != c.anchor && r.Lost == 0:
		return "it does not follow the anchor, the last record that was trimmed away"
	case r.Seq == 1 && r.Prev != "":
		return "it says that one stood before it"
	}
	return ""
}

// finish holds the end of the chain against what is known of it.
func (c *checking) finish() {
	if c.report.Break != nil {
		return
	}
	end := c.report.To
	switch {
	case c.last.Seq < c.head.Seq:
		c.broken(end, "records %d to %d behind it are missing", c.last.Seq+1, c.head.Seq)
	case c.report.Records > 0 && (c.hash != c.head.Hash || c.last.First != c.head.First):
		c.broken(end, "the chain's end is not the record that %s names", headKey)
	case c.last.Seq < c.mine.Seq:
		c.broken(end, "records %d to %d behind it, which this instance has written, are missing", c.last.Seq+1, c.mine.Seq)
	}
}
