package check

import (
	"fmt"
	"strings"
)

// maxLag is for how long a replica may be silent, in seconds. It speaks up every
// second.
const maxLag = 10

// replication looks at a master's replicas; needed says that one is to take over
// if the master fails.
func replication(info, config fields, needed bool) []Finding {
	f := Finding{Name: "Redis replicas", Level: Warning}
	n := info.int("connected_slaves")
	if n == 0 {
		if !needed {
			return nil
		}
		f.Detail = "This master has no replica: if it fails, nobody takes over, and its sessions are out of reach."
		f.Mend = "Start a replica of it on another machine."
		return []Finding{f}
	}
	if late := late(info); len(late) > 0 {
		f.Detail = "Not in step: " + strings.Join(late, ", ") + ". If the master fails now, a replica lacks what was changed last."
		f.Mend = "Look at the network to it and into its log; a replica that falls behind again and again may need a larger client-output-buffer-limit."
		return []Finding{f}
	}
	f.Level, f.Detail = OK, "All in step with their master."
	if config["min-replicas-to-write"] == "0" {
		f.Detail += " A master that is cut off from them goes on taking changes, which are lost once one of them takes over."
		f.Mend = "If that matters: CONFIG SET min-replicas-to-write 1 (it then refuses changes while it has none)."
	}
	return []Finding{f}
}

// late lists the replicas that are not in step, as INFO has them:
// slave0:ip=10.0.0.7,port=6379,state=online,offset=14,lag=0
func late(info fields) []string {
	var list []string
	for i := range info.int("connected_slaves") {
		replica := make(fields)
		for part := range strings.SplitSeq(info[fmt.Sprintf("slave%d", i)], ",") {
			name, value, _ := strings.Cut(part, "=")
			replica[name] = value
		}
		at := replica["ip"] + ":" + replica["port"]
		switch lag := replica.int("lag"); {
		case replica["state"] != "online":
			list = append(list, fmt.Sprintf("%s (%s)", at, replica["state"]))
		case lag > maxLag:
			list = append(list, fmt.Sprintf("%s (silent for %d s)", at, lag))
		}
	}
	return list
}
