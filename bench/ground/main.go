package ground

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Main is what each measurement's main does once it knows its flags: it runs it
// until it ends, is interrupted or has lasted for the limit (0: there is none), and
// ends the process where it failed.
func Main(name string, limit time.Duration, run func(context.Context) error) {
	log.SetFlags(0)
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	if limit > 0 {
		ctx, cancel = context.WithTimeout(ctx, limit)
		defer cancel()
	}
	if err := run(ctx); err != nil {
		log.Fatal(name, ": ", err)
	}
}
