package redistest

import "syscall"

// dieWithParent makes a server end when the test binary does, however it ends.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
