package embedded

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// Kill ends the postmaster as a crash would, at any instruction; its backends
// follow when they notice. What was committed is on the way to the disk, and
// survives as long as the machine does.
func (pg *PG) Kill() { pg.process.end(syscall.SIGKILL) }

// Running tells whether the postmaster lives.
func (pg *PG) Running() bool { return pg.process.alive() }

// Restart starts it again where it was, after Kill or a death of its own, and
// returns once it has recovered and answers.
func (pg *PG) Restart(ctx context.Context) error {
	for {
		err := pg.serve(ctx)
		if err == nil {
			return nil
		}
		// Backends of the crashed server still hold its shared memory for a while.
		select {
		case <-ctx.Done():
			return fmt.Errorf("restart Postgres: %w", err)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Kill ends the broker as a crash would.
func (s *KafkaServer) Kill() { s.process.end(syscall.SIGKILL) }

// Restart starts the broker again where it was, with what it held.
func (s *KafkaServer) Restart(ctx context.Context) error {
	if err := s.serve(ctx); err != nil {
		return fmt.Errorf("restart Kafka: %w", err)
	}
	return nil
}

func (p *process) alive() bool {
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}
