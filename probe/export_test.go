package probe

import "time"

// Patient has a prober wait for a census for so long.
func Patient(p *Prober, patience time.Duration) { p.counts.patience = patience }
