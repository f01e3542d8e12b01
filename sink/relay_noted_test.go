package sink

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// A stutter is a database that fails to note once how far the topic is.
type stutter struct {
	database
	failed *atomic.Bool
}

func (s stutter) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	if sql == relayAdvanceSQL && s.failed.CompareAndSwap(false, true) {
		return pgconn.CommandTag{}, fmt.Errorf("Postgres is away for a moment")
	}
	return s.database.Exec(ctx, sql, args...)
}

// What breaks: all is published, but Postgres is away when that is to be noted,
// and nothing is committed any more. What must hold: it is noted later.
func TestWhatIsPublishedIsNotedLater(t *testing.T) {
	t.Parallel()
	b := newRelayBench(t)
	b.publish(3, 4)
	r := b.relay(b.take(3, "two"), nil)
	if err := r.ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.write(3, 6, nil)
	failed := new(atomic.Bool)
	r.store.pool = stutter{r.store.pool, failed}
	b.start(r)
	b.untilPublished(3, 10)
	want(t, "it failed once", failed.Load(), true)
	b.mirrors(3)
}
