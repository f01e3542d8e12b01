//go:build !linux

package embedded

import "syscall"

// dieWithParent can do nothing here: a child outlives a parent that was killed.
func dieWithParent(*syscall.SysProcAttr, syscall.Signal) {}
