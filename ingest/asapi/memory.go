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

var errTooLarge = fmt.Errorf("larger than %d MiB", maxPage>>20)

// A noRoomError says that an answer took more than there was room for, and how
// much is to be held before it is asked for again.
type noRoomError struct{ want int64 }

func (*noRoomError) Error() string { return "no room for an answer of this size now" }

// A Memory bounds the bytes of all answers that a process holds, over all its
// clients: of those that are being read, and of pages until they are stored. So
// a Postgres that does not answer stops the reading, not the process.
//
// Nobody keeps a page while asking for another: what is kept is being stored. So
// whoever waits for room waits for answers under way and for Postgres, and for
// nobody who waits too.
//
// A reader holds a little before it asks. Where the answer turns out larger, it
// takes more only if there is more, and never waits while it holds something:
// otherwise it gives everything back, waits for room for all of it, and asks
// again. So readers cannot block each other for ever.
type Memory struct {
	room *semaphore.Weighted
	size int64
}

// NewMemory makes a bound of so many bytes, at least the 32 MiB of the largest
// page.
func NewMemory(bytes int64) *Memory {
	size := max(bytes, maxPage)
	return &Memory{room: semaphore.NewWeighted(size), size: size}
}

// A hold is what one reader holds.
type hold struct {
	of   *Memory // nil: nothing is bounded
	n    int64
	kept bool // by a page
}

func (m *Memory) hold(ctx context.Context, n int64) (*hold, error) {
	if m == nil {
		return &hold{n: n}, nil
	}
	if err := m.room.Acquire(ctx, n); err != nil {
		return nil, fmt.Errorf("wait for room for an answer: %w", err)
	}
	return &hold{of: m, n: n}, nil
}

// release gives back what is held, unless a page keeps it.
func (h *hold) release() {
	if h.of != nil && !h.kept {
		h.of.room.Release(h.n)
	}
}

// keep leaves to a page what it takes, gives back the rest, and returns what
// gives back that. A page that takes more than all there is takes all.
func (h *hold) keep(n int64) (free func(), err error) {
	if h.of == nil {
		return nil, nil
	}
	n = min(n, h.of.size)
	if !h.grow(n) {
		return nil, &noRoomError{want: n}
	}
	if n < h.n {
		h.of.room.Release(h.n - n)
		h.n = n
	}
	h.kept = true
	return func() { h.of.room.Release(h.n) }, nil
}

// grow tries to hold n bytes in all.
func (h *hold) grow(n int64) bool {
	if n <= h.n {
		return true
	}
	if h.of != nil && !h.of.room.TryAcquire(n-h.n) {
		return false
	}
	h.n = n
	return true
}

// read reads a body to its end within what is held; told is the length that it is
// said to have, if any. What is read takes little more than it is long: a page of one
// record may wait long until it is stored, and thousands of them with it. With
// errTooLarge it returns what it has read by then.
func (h *hold) read(body io.Reader, told int64) ([]byte, error) {
	size := int64(4 << 10)
	if told > 0 && told < h.n {
		size = told + 1 // the end is found without more room
	}
	buf := make([]byte, 0, size)
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
				return nil, &noRoomError{want: maxPage}
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
