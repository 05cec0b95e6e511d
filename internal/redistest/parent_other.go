//go:build !linux

package redistest

import "syscall"

// dieWithParent has no counterpart outside Linux; a test that is killed there
// may leave its server behind.
func dieWithParent() *syscall.SysProcAttr { return nil }
