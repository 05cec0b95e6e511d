// Command helix runs the Redis sessions of a service from a Discord channel, a
// terminal or a script.
package main

import (
	"os"

	"github.com/helix-collective/helix/shell/text"
)

func main() {
	if handled, status := text.RunWorker(); handled {
		os.Exit(status)
	}
	os.Exit(helix(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
