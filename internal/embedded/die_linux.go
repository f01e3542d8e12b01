package embedded

import "syscall"

// dieWithParent has the kernel stop the child when this process is gone,
// however it went. SIGQUIT makes Postgres end at once with all its children; a
// JVM would print its threads and go on, so it says SIGKILL itself.
func dieWithParent(attr *syscall.SysProcAttr, signal syscall.Signal) {
	attr.Pdeathsig = signal
}
