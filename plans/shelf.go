package plans

import "time"

// shelf is where an instance keeps the steps of its plans, and such metadata
// as Redis would not take. Its methods may be called from several goroutines.
type shelf interface {
	begin(id string) medium
	limit() int64 // bytes of steps that one plan may have

	// open answers the steps of a plan that was not claimed.
	open(id string) (c content, ok bool, err error)
	// claim answers true once for each plan, whoever asks. The steps that were
	// opened before stay open; nobody opens them after.
	claim(id string) (bool, error)
	// remove takes away all of a plan, claimed or not. One that is not there
	// is no error.
	remove(id string) error

	keep(id, sealed string, lapse time.Time) error
	kept(id string) (sealed string, ok bool, err error)
	keptIDs() ([]string, error)

	// sweep removes what has lapsed, by the local clock.
	sweep(now time.Time) error
}

// medium takes the recorded bytes of one plan.
type medium interface {
	write(p []byte) error // does not hold on to p
	// seal makes what was written last, and lets it be opened.
	seal(lapse time.Time) error
	discard()
}
