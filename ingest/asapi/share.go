package asapi

import (
	"time"

	"aslogd/ingest"
)

// demand is how many requests to take now; where none, how long that holds
// unless someone new waits (negative: for ever).
func (b *Budget) demand(now time.Time) (want int, nap time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.serve(now)
	if b.perMinute <= 0 {
		return 0, -1
	}
	n := 0
	for class := range classes {
		n += len(b.waiting[class])
	}
	if n == 0 {
		return 0, -1
	}
	if now.Before(b.paused) {
		return 0, b.paused.Sub(now)
	}
	if watching := len(b.waiting[ingest.Watch]); n == watching {
		if allowed := b.watch.TokensAt(now); allowed < 1 {
			short := (1 - allowed) / float64(b.watch.Limit())
			return 0, time.Duration(short*float64(time.Second)) + time.Millisecond
		}
	}
	second := b.perMinute / 60
	return min(max(n, second), 2*second+1), 0
}

func (b *Budget) add(got int, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens += got
	b.granted = now
	b.serve(now)
}

// serve gives what there is to those who wait. The lock is held.
func (b *Budget) serve(now time.Time) {
	if b.tokens > 0 && now.Sub(b.granted) > keep {
		b.tokens = 0
	}
	for b.tokens > 0 && !now.Before(b.paused) {
		class := b.next(now)
		if class < 0 {
			return
		}
		w := b.take(class, now)
		w.given = true
		close(w.ready)
		b.tokens--
		if class != int(ingest.Watch) {
			b.served++
		}
	}
}

// take is who of a class is served next. A poll of the tail that is overdue need
// not wait for all that have waited longer; these keep every other turn, so that
// nobody waits more than twice as long as where all are taken in order.
func (b *Budget) take(class int, now time.Time) *waiter {
	queue, i := b.waiting[class], 0
	if class == int(ingest.Tail) {
		if b.polls++; b.polls%2 == 1 {
			i = mostOverdue(queue, now)
		}
	}
	w := queue[i]
	copy(queue[1:i+1], queue[:i])
	b.waiting[class] = queue[1:]
	return w
}

// mostOverdue is the place in a queue of who is overdue for longest; the first,
// where nobody is.
func mostOverdue(queue []*waiter, now time.Time) (place int) {
	earliest := now
	for i, w := range queue {
		if !w.due.IsZero() && w.due.Before(earliest) {
			place, earliest = i, w.due
		}
	}
	return place
}

// next is the class whose turn it is; negative where nobody waits.
func (b *Budget) next(now time.Time) int {
	first, last := -1, -1
	for class := range int(ingest.Watch) {
		if len(b.waiting[class]) > 0 {
			if first < 0 {
				first = class
			}
			last = class
		}
	}
	if len(b.waiting[ingest.Watch]) > 0 && b.watch.AllowN(now, 1) {
		return int(ingest.Watch)
	}
	turn := b.served % lowShare
	switch {
	case turn == lowShare-1:
		return last
	case first == int(ingest.Follow) && turn == 1 && len(b.waiting[ingest.Tail]) > 0:
		return int(ingest.Tail)
	}
	return first
}
