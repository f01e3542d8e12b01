package main

import "syscall"

// dieWithParent has the kernel end a daemon when this process is gone.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
