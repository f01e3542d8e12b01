//go:build !linux

package main

import (
	"context"
	"errors"
	"time"
)

func mountSmallDisk(string) (unmount func(), err error) {
	return func() {}, errors.New("a small disk can be mounted on Linux alone")
}

func noSmallDisk() string { return "needs Linux" }

func postgresDiskFull(context.Context, *cell, time.Duration) error { return errors.New("needs Linux") }
