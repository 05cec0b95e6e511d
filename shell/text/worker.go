package text

// Options says how the commands run what needs a process of its own.
type Options struct {
	// Worker is the executable that awk and jq run in; empty means the
	// running one. It must call RunWorker before anything else.
	Worker string
	// Workers is how many may run at a time; 0 means 4.
	Workers int
}

type workers struct{ Options }

func newWorkers(o Options) *workers { return &workers{o} }

// RunWorker carries out a worker's job if the process was started as one.
// main and TestMain call it before anything else, and exit with status if
// handled is true.
func RunWorker() (handled bool, status int) { return false, 0 }
