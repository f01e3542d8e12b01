package asapi

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"aslogd/ingest"
)

// Grants is the tenant's budget that all replicas share.
type Grants interface {
	// Take grants up to want requests of a source now; where got is 0, wait
	// says when it is worth asking again.
	Take(ctx context.Context, source string, want, perMinute int) (got int, wait time.Duration, err error)
	// Pause makes everyone wait until then.
	Pause(ctx context.Context, source string, until time.Time) error
}

const (
	classes    = int(ingest.Watch) + 1
	lowShare   = 5                // every fifth request goes to the lowest class that waits
	keep       = 5 * time.Second  // what nobody wanted in that time is given up
	grantRetry = time.Second      // after Grants failed
	longestNap = 30 * time.Second // so that a pause which ended early is noticed
)

// A Budget hands the requests of one source to those who wait for them, by
// class. It takes from Grants what is due now, a second's worth or what is
// waited for, and only while someone waits: a replica with nothing to do leaves
// the budget to the others.
//
// Among those who wait, the watch goes first but has at most a quarter of the
// budget; then an earlier class goes before a later one, except that of five
// requests follow leaves one to the tail, so that groups in which much happens
// keep no other unpolled, and that one goes to the last class waiting, so that
// backfill always moves. Within a class who waited longest is first; of the tail's
// turns every other goes to the poll that is most overdue.
type Budget struct {
	source    string
	perMinute int
	grants    Grants
	warn      func(error)
	wake      chan struct{}

	mu      sync.Mutex
	waiting [classes][]*waiter
	tokens  int
	granted time.Time // when tokens last came
	paused  time.Time
	served  int
	polls   int // of the tail
	watch   *rate.Limiter
}

type waiter struct {
	ready chan struct{}
	due   time.Time // zero: never
	given bool
}

// NewBudget makes the budget of a source: perMinute requests for all replicas
// together, 0 pauses the source. Run must run. warn is told once when Grants
// fails, and may be nil.
func NewBudget(source string, perMinute int, grants Grants, warn func(error)) *Budget {
	if warn == nil {
		warn = func(error) {}
	}
	quarter := float64(perMinute) / 60 / 4
	return &Budget{
		source: source, perMinute: perMinute, grants: grants, warn: warn,
		wake:  make(chan struct{}, 1),
		watch: rate.NewLimiter(rate.Limit(quarter), 1+int(quarter)),
	}
}

// Wait blocks until a request of this class may be sent, or ctx ends. From due
// on, unless it is zero, one of the tail may go before others.
func (b *Budget) Wait(ctx context.Context, class ingest.Class, due time.Time) error {
	w := &waiter{ready: make(chan struct{}), due: due}
	b.mu.Lock()
	b.waiting[class] = append(b.waiting[class], w)
	b.serve(time.Now())
	given := w.given
	b.mu.Unlock()
	if given {
		return nil
	}
	b.stir()
	select {
	case <-w.ready:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if w.given { // it came at the same moment; someone else can have it
		b.tokens++
		b.serve(time.Now())
	} else {
		q := b.waiting[class]
		i := slices.Index(q, w)
		b.waiting[class] = slices.Delete(q, i, i+1)
	}
	return fmt.Errorf("wait for the budget of source %s: %w", b.source, ctx.Err())
}

// Pause holds every request of the source back until then, in all replicas.
// This one pauses even where the others cannot be told.
func (b *Budget) Pause(ctx context.Context, until time.Time) {
	b.mu.Lock()
	if until.After(b.paused) {
		b.paused = until
	}
	b.tokens = 0
	b.mu.Unlock()
	if err := b.grants.Pause(ctx, b.source, until); err != nil && ctx.Err() == nil {
		b.warn(fmt.Errorf("pause source %s in all replicas: %w", b.source, err))
	}
}

// Run takes from Grants while someone waits. It returns ctx's error when ctx
// ends, never another.
func (b *Budget) Run(ctx context.Context) error {
	failing := false
	for {
		want, nap := b.demand(time.Now())
		if want == 0 {
			if err := b.sleep(ctx, nap, true); err != nil {
				return err
			}
			continue
		}
		got, wait, err := b.grants.Take(ctx, b.source, want, b.perMinute)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			if !failing {
				b.warn(fmt.Errorf("take from the budget of source %s: %w", b.source, err))
			}
			failing, wait = true, grantRetry
		case got > 0:
			failing = false
			b.add(got, time.Now())
			continue
		default:
			failing = false
		}
		if err := b.sleep(ctx, min(max(wait, 10*time.Millisecond), longestNap), false); err != nil {
			return err
		}
	}
}

// sleep waits so long, for ever where d is negative, or until someone new waits
// where that matters.
func (b *Budget) sleep(ctx context.Context, d time.Duration, wakes bool) error {
	wake := b.wake
	if !wakes {
		wake = nil
	}
	var over <-chan time.Time
	if d >= 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		over = t.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-wake:
	case <-over:
	}
	return nil
}

func (b *Budget) stir() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}
