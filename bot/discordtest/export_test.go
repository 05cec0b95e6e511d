package discordtest

// Described tells whether Discord's description is at hand.
func Described() bool {
	d, err := sharedDescription()
	return err == nil && d != nil
}

// UnusedTolerances lists the tolerances that no request of these worlds needed.
func UnusedTolerances(worlds ...*Discord) []string {
	used := map[tolerance]bool{}
	for _, d := range worlds {
		for _, r := range d.requests {
			for _, t := range r.tolerated {
				used[t] = true
			}
		}
	}
	var unused []string
	for _, t := range tolerances() {
		if !used[t] {
			unused = append(unused, t.operation+" "+t.pointer+" "+t.rule+" "+t.value)
		}
	}
	return unused
}
