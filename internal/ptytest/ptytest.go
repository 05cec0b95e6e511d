// Package ptytest seats a test before a terminal at which a program runs: it
// types, and waits for what the screen shows. It never draws the screen; what it
// answers is all that was written to it, in order.
package ptytest
