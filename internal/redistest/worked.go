package redistest

import (
	"os"
	"strconv"
	"strings"
	"time"
)

// Worked answers how long a process's first thread, which carries out a Redis's
// commands, has had a core; zero where the system does not tell. Of how long a client
// waits, that is the server's part, however busy the machine.
func Worked(pid string) time.Duration {
	text, err := os.ReadFile("/proc/" + pid + "/schedstat")
	if err != nil {
		return 0
	}
	nanoseconds, _, _ := strings.Cut(string(text), " ")
	n, _ := strconv.ParseInt(nanoseconds, 10, 64) // 0 is seen at once in the figures
	return time.Duration(n)
}
