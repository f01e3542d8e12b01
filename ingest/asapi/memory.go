package asapi

import (
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/semaphore"
)

const (
	maxPage   = 32 << 20 // a page over this is quarantined, not read
	firstHold = 1 << 20  // pages are far smaller than this
)

var (
	errNoRoom   = errors.New("no room for an answer of this size now")
	errTooLarge = fmt.Errorf("larger than %d MiB", maxPage>>20)
)

// A Memory bounds the bytes of all answers that a process reads at the same
// time, over all its clients.
//
// A reader holds a little before it asks. Where the answer turns out larger, it
// takes more only if there is more, and never waits while it holds something:
// otherwise it gives everything back, waits for room for the largest answer,
// and asks again. So readers cannot block each other for ever.
type Memory struct {
	free *semaphore.Weighted
	size int64
}

// NewMemory makes a bound of so many bytes, at least the 32 MiB of the largest
// page.
func NewMemory(bytes int64) *Memory {
	bytes = max(bytes, maxPage)
	return &Memory{free: semaphore.NewWeighted(bytes), size: bytes}
}

// A hold is what one reader holds.
type hold struct {
	of *Memory
	n  int64
}

func (m *Memory) hold(ctx context.Context, n int64) (*hold, error) {
	if m == nil {
		return &hold{n: n}, nil
	}
	if err := m.free.Acquire(ctx, n); err != nil {
		return nil, fmt.Errorf("wait for room for an answer: %w", err)
	}
	return &hold{of: m, n: n}, nil
}

func (h *hold) release() {
	if h.of != nil {
		h.of.free.Release(h.n)
	}
}

// grow tries to hold n bytes in all.
func (h *hold) grow(n int64) bool {
	if n <= h.n {
		return true
	}
	if h.of != nil && !h.of.free.TryAcquire(n-h.n) {
		return false
	}
	h.n = n
	return true
}

// read reads a body to its end within what is held. With errTooLarge it returns
// what it has read by then.
func (h *hold) read(body io.Reader) ([]byte, error) {
	buf := make([]byte, 0, 32<<10)
	for {
		if len(buf) == cap(buf) {
			if cap(buf) >= maxPage {
				// One byte more decides whether this was the end.
				if n, err := io.ReadFull(body, make([]byte, 1)); n == 0 && errors.Is(err, io.EOF) {
					return buf, nil
				} else if n == 0 {
					return nil, err
				}
				return buf, errTooLarge
			}
			size := min(2*cap(buf), maxPage)
			if !h.grow(int64(size)) {
				return nil, errNoRoom
			}
			buf = append(make([]byte, 0, size), buf...)
		}
		n, err := body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if errors.Is(err, io.EOF) {
			return buf, nil
		}
		if err != nil {
			return nil, err
		}
	}
}
