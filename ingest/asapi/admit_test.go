package asapi

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"aslogd/ingest"
)

// plenty grants whatever is wanted.
type plenty struct{}

func (plenty) Take(_ context.Context, _ string, want, _ int) (int, time.Duration, error) {
	return want, 0, nil
}

func (plenty) Pause(context.Context, string, time.Time) error { return nil }

// full is a client whose room is all taken, and what gives it back.
func full(t *testing.T) (c *Client, budget *Budget, taken *hold, stop func()) {
	budget = NewBudget("s", 60, plenty{}, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- budget.Run(ctx) }()
	m := NewMemory(0)
	taken, err := m.hold(ctx, m.size)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{cfg: Config{Budget: budget, Memory: m}}, budget, taken, func() { cancel(); <-done }
}

// What breaks: there is no room for an answer. What must hold: a request that
// waited for it no longer than a moment is used, and an older one is taken anew.
func TestARequestThatWaitedLongForRoomIsTakenAnew(t *testing.T) {
	t.Parallel()
	for wait, requests := range map[time.Duration]int{fresh / 2: 1, 5 * fresh: 2} {
		synctest.Test(t, func(t *testing.T) {
			c, budget, taken, stop := full(t)
			defer stop()
			time.AfterFunc(wait, taken.release)
			held, err := c.admit(t.Context(), call{class: ingest.Tail}, 1000)
			if err != nil {
				t.Fatal(err)
			}
			held.release()
			budget.mu.Lock()
			served := budget.served
			budget.mu.Unlock()
			if served != requests {
				t.Errorf("after %s: %d requests of the budget, not %d", wait, served, requests)
			}
		})
	}
}

// What breaks: the source is paused while one of its readers waits for room. What
// must hold: the reader gives the room back, for others.
func TestRoomIsNotKeptForAPausedSource(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, budget, taken, stop := full(t)
		defer stop()
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := c.admit(ctx, call{class: ingest.Tail}, 1000)
			ended <- err
		}()
		synctest.Wait() // it has a request, and waits for room
		budget.Pause(ctx, time.Now().Add(time.Hour))
		time.Sleep(2 * fresh)
		taken.release()
		synctest.Wait()
		m := c.cfg.Memory
		if m.room.TryAcquire(m.size) {
			t.Fatal("the reader holds nothing: the test shows nothing")
		}
		time.Sleep(patience + time.Second)
		if !m.room.TryAcquire(m.size) {
			t.Error("the reader keeps its room while its source is paused")
		}
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	})
}

// A page keeps what it takes and no more, takes more only where there is more,
// and otherwise says how much to wait for, holding what it held.
func TestAPageKeepsWhatItTakes(t *testing.T) {
	t.Parallel()
	m := NewMemory(0)
	holds := func(n int64) {
		t.Helper()
		rest := m.size - n
		if rest > 0 && !m.room.TryAcquire(rest) {
			t.Fatalf("more than %d held", n)
		}
		if m.room.TryAcquire(1) {
			t.Fatalf("less than %d held", n)
		}
		m.room.Release(rest)
	}
	small, _ := m.hold(t.Context(), 100)
	other, _ := m.hold(t.Context(), m.size-150)
	var none *noRoomError
	if _, err := small.keep(151); !errors.As(err, &none) || none.want != 151 {
		t.Fatal(err)
	}
	holds(m.size - 50)
	done, err := small.keep(150)
	if err != nil {
		t.Fatal(err)
	}
	holds(m.size)
	small.release() // the page keeps it
	other.release()
	holds(150)
	done()
	holds(0)
}
