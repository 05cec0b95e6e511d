package chaos

import "syscall"

// dieWithParent makes a helix end when the test binary does, however it ends.
func dieWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
