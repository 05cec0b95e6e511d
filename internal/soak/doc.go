// Package soak holds that a running Helix stays as it is: its tests talk for half
// an hour to the real program, over the fake Discord and a real redis-server, and
// look whether memory, goroutines, descriptors, connections and its state in Redis
// stay flat, every message is answered once, and nothing unexplained is logged. It
// has nothing but tests, and touches no server that it did not start.
package soak
